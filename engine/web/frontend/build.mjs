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
  blocklist: [/^govuk-(radios|checkboxes)__(conditional|divider)/],
  variables: true,
  defaultExtractor: (text) => text.match(/[\w!-]+/g) ?? [],
});
// The colours of components stand where they are used, without their names: only print would make the black blacker.
const plain = kept.css.replaceAll(/var\(--govuk-[\w-]+, (#\w+|rgba\([^)]*\))\)/g, "$1");
const named = new Set(plain.match(/var\(--[\w-]+/g)?.map((one) => one.slice("var(".length)));
const needed = plain.replaceAll(/(--govuk-[\w-]+): [^;}]+;?/g, (all, name) => (named.has(name) ? all : ""));
const small = await transform(needed, { loader: "css", minify: true });
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
