// Compiles the style sheet and the script of the portal into ../static, from where they are served.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import * as sass from "sass";

const compiled = sass.compile("src/portal.scss", {
  loadPaths: ["node_modules"],
  style: "compressed",
  quietDeps: true,
  charset: false,
});
await writeFile("../static/portal.css", `${compiled.css}\n`);
await build({
  entryPoints: ["src/portal.js"],
  outfile: "../static/portal.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2017",
  legalComments: "none",
});
