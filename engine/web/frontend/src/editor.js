// Makes an editor of a text area with the text of a definition. Comfort only: without it the text area is what is used.
import { acceptCompletion, autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { forEachDiagnostic, lintGutter, lintKeymap, linter } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { proposals } from "./proposals.js";
import { phrases, say } from "./words.js";

const PAUSE_MS = 300;
const MOST_SHOWN = 20;
const KEYS = say(
  "Ctrl and Space propose words, Enter takes one. F8 goes to the next problem, Ctrl and F search, Ctrl and S save a draft. Tab leaves the text; while words are proposed, Escape and then Tab.",
);
const NOT_CHECKED = say("This could not be checked now. What you typed is still here.");

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "#17464a", fontWeight: "bold" },
  { tag: tags.string, color: "#1c5a1c" },
  { tag: [tags.comment, tags.lineComment], color: "#5b6366", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.number, tags.typeName, tags.labelName], color: "#6a2c70" },
]);
const LOOKS = EditorView.theme({
  "&": { border: "2px solid #0b0c0c", backgroundColor: "#fff", fontSize: "0.95rem", height: "34em", marginBottom: "10px", maxHeight: "75vh" },
  "&.cm-focused": { outline: "3px solid #ffdd00", outlineOffset: "0" },
  ".cm-scroller": { fontFamily: 'ui-monospace, Menlo, Consolas, "Liberation Mono", monospace', lineHeight: "1.45" },
  ".cm-gutters": { color: "#505a5f" },
  ".cm-tooltip": { maxWidth: "min(40em, calc(100vw - 1rem))", fontFamily: "system-ui, sans-serif" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxWidth: "calc(100vw - 1rem)", minWidth: "min(250px, 70vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "4px 6px" },
  ".cm-completionDetail": { fontStyle: "normal" },
  ".cm-panel button, .cm-panel input": { fontSize: "1rem", minHeight: "2em" },
});

function made(tag, className, words) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

// Where a finding stands: lines and columns count from 1, columns in characters.
function marked(doc, finding) {
  const line = doc.line(Math.min(Math.max(finding.line, 1), doc.lines));
  const before = [...line.text].slice(0, finding.column - 1).join("").length;
  const word = /^(?:"[^"]*"?|'[^']*'?|[^\s,[\]{}]+)/.exec(line.text.slice(before));
  const from = Math.min(line.from + before, line.to);
  return { from, to: from + (word ? word[0].length : 0), severity: finding.severity, message: finding.message };
}

function summary(found) {
  const errors = found.filter((one) => one.severity === "error").length;
  const warnings = found.length - errors;
  if (found.length === 0) {
    return say("No problems were found.");
  }
  const problems = errors === 1 ? say("1 problem") : say("$1 problems", errors);
  return say("Found: $1, $2.", problems, warnings === 1 ? say("1 warning") : say("$1 warnings", warnings));
}

function makeEditor(form) {
  const area = form.querySelector("textarea");
  const label = form.querySelector(`label[for="${area.id}"]`);
  const host = made("div", "icmc-editor", "");
  const keys = made("p", "govuk-hint", KEYS);
  const said = made("p", "govuk-body", "");
  said.setAttribute("role", "status");
  const list = made("ul", "govuk-list govuk-list--spaced", "");
  const words = fetch(`${form.dataset.editor}/words`, { redirect: "error" })
    .then((answer) => (answer.ok ? answer.json() : null))
    .catch(() => null);

  function show(view, found) {
    const sentence = summary(found);
    if (said.textContent !== sentence) {
      said.textContent = sentence;
    }
    list.replaceChildren(
      ...found.slice(0, MOST_SHOWN).map((one) => {
        const line = made("li", "", "");
        const link = made("a", "govuk-link", say("Line $1, column $2", one.line, one.column));
        link.href = `#${host.id}`;
        link.addEventListener("click", (event) => {
          event.preventDefault();
          view.dispatch({ selection: { anchor: marked(view.state.doc, one).from }, scrollIntoView: true });
          view.focus();
        });
        line.append(link, `${one.severity === "warning" ? ` (${say("warning")})` : ""}: ${one.message}`);
        return line;
      }),
    );
  }

  async function check(view) {
    const asked = view.state.doc;
    try {
      const body = new URLSearchParams({ source: asked.toString() });
      const answer = await fetch(`${form.dataset.editor}/findings`, { method: "POST", body, redirect: "error" });
      if (!answer.ok) {
        throw new Error(answer.status);
      }
      const { findings } = await answer.json();
      if (view.state.doc === asked) {
        show(view, findings);
      }
      return findings.map((one) => marked(asked, one));
    } catch {
      said.textContent = NOT_CHECKED;
      const known = [];
      forEachDiagnostic(view.state, (one, from, to) => known.push({ ...one, from, to }));
      return known;
    }
  }

  async function propose(context) {
    const known = await words;
    return known && proposals(context, known);
  }

  const shadow = host.attachShadow({ mode: "open", delegatesFocus: true });
  const described = made("span", "", `${form.querySelector(".govuk-hint")?.textContent ?? ""} ${KEYS}`);
  described.id = "described";
  described.hidden = true;
  shadow.append(described);
  const view = new EditorView({
    doc: area.value,
    root: shadow,
    parent: shadow,
    extensions: [
      EditorState.phrases.of(phrases),
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      search({ top: true }),
      yamlLanguage,
      syntaxHighlighting(COLOURS),
      LOOKS,
      linter(check, { delay: PAUSE_MS }),
      autocompletion({ override: [propose], icons: false, activateOnCompletion: (one) => one.type === "property" }),
      EditorView.contentAttributes.of({ "aria-label": label.textContent, "aria-describedby": described.id, tabindex: "0" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          area.value = update.state.doc.toString();
        }
      }),
      keymap.of([
        { key: "Tab", run: acceptCompletion },
        { key: "Mod-s", run: () => (form.requestSubmit(form.querySelector("button")), true) },
        ...completionKeymap,
        ...lintKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...defaultKeymap,
      ]),
    ],
  });
  area.after(keys, host, said, list);
  area.hidden = true;
  host.id = area.id;
  area.removeAttribute("id");
  label.addEventListener("click", () => view.focus());
}

document.querySelectorAll("form[data-editor]").forEach(makeEditor);
