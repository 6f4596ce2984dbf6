// What the pages' scripts find besides the browser's own names.

declare const htmx: {
  trigger(element: Element, event: string): void;
  ajax(verb: string, path: string, context: { source: Element; target: Element; event: Event }): Promise<void>;
};

interface TrustedTypePolicyFactory {
  createPolicy(name: string, rules: { createHTML(text: string): string | null }): unknown;
}

interface Window {
  trustedTypes?: TrustedTypePolicyFactory;
}
