// Compiles the style sheet and the scripts of the portal into ../static, from where they are served.
import { writeFile } from "node:fs/promises";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";
import * as sass from "sass";

const compiled = sass.compile("src/portal.scss", {
  loadPaths: ["node_modules"],
  style: "compressed",
  quietDeps: true,
  charset: false,
});
// What no page uses is left out. The names of a family that a template puts together are all kept.
const [kept] = await new PurgeCSS().purge({
  content: ["../../../templates/portal/*.html", "src/portal.js", "src/editor.js"],
  css: [{ raw: compiled.css }],
  safelist: { standard: [/^icmc-/, /^govuk-(radios|checkboxes)(__|$)/, /^govuk-(radios|checkboxes)--small/] },
  variables: true,
  defaultExtractor: (text) => text.match(/[\w!-]+/g) ?? [],
});
const small = await transform(kept.css, { loader: "css", minify: true });
await writeFile("../static/portal.css", small.code.replaceAll(":root{}", ""));
await build({
  entryPoints: ["src/portal.js", "src/editor.js"],
  outdir: "../static",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2017",
  legalComments: "none",
});
