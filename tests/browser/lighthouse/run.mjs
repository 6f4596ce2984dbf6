// Lighthouse over a list of pages in one Chromium: node run.mjs, the task as JSON on the input, the findings on the output.
import { readFileSync } from "node:fs";
import { launch } from "puppeteer-core";
import lighthouse, { desktopConfig } from "lighthouse";

const { chromium, cookies, pages } = JSON.parse(readFileSync(0, "utf8"));
const browser = await launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
await browser.setCookie(...cookies);
const page = await browser.newPage();
const config = { ...desktopConfig, settings: { ...desktopConfig.settings, onlyCategories: ["accessibility", "best-practices"], throttlingMethod: "provided", disableStorageReset: true, maxWaitForLoad: 20000 } };
const found = [];
for (const { url, theme } of pages) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  const { lhr } = await lighthouse(url, {}, config, page);
  const failed = Object.values(lhr.audits).filter((one) => one.score !== null && one.score < 1).map((one) => `${one.id}: ${one.title}`);
  found.push({ url: lhr.finalDisplayedUrl, theme, scores: Object.fromEntries(Object.values(lhr.categories).map((one) => [one.id, one.score * 100])), failed, error: lhr.runtimeError?.message ?? "" });
}
await browser.close();
process.stdout.write(JSON.stringify(found));
