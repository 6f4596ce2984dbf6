// A certified provider with its own built-in pages to sign in and consent. Usage: node server.mjs PORT CONSOLE_URL SECRET
import Provider from "oidc-provider";

const [port, home, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "org-accounts-console",
    client_secret: secret,
    redirect_uris: [`${home}/signin/callback/`],
    post_logout_redirect_uris: [`${home}/signout/`],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    backchannel_logout_uri: `${home}/signin/backchannel-logout/`,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email", "email_verified"] },
  features: { revocation: { enabled: true }, backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  // Its own default refuses to call loopback addresses.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  pkce: { required: () => true },
  ttl: { AccessToken: 30 },
  cookies: { keys: ["a-key-for-tests"] },
  async findAccount(ctx, id) {
    return {
      accountId: id,
      claims: () => ({ sub: id, name: `Peer ${id}`, groups: ["acme-admins", "globex-admins"], email: `${id}@acme.example`, email_verified: true }),
    };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
