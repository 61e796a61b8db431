// What may stand where the cursor is in a definition: keys of the language, its words, and names of this file and others.

import { say } from "./words.js";

const CONDITIONS = new Set(["when", "until", "abort"]);
const STEPS = new Set(["after", "to", "default", "on_breach", "not", "holds", "steps", "event", "undo"]);
const JOINS = new Set(["all", "any", "of"]);
const WORDS = { uses: "types", ladder: "ladders", law: "laws", role: "roles", roles: "roles", released_by: "roles", extends: "workflows", workflow: "workflows" };

// The dashes and the key of a line, each with its column.
function tokensOf(text) {
  const lead = /^ *(?:- +|-$)*/.exec(text)[0];
  const found = [...lead.matchAll(/-/g)].map((dash) => ({ name: "[]", column: dash.index }));
  const key = /^(?:"([^"]*)"|'([^']*)'|([^\s#"'{[][^\s:]*))\s*:(?=\s|$)/.exec(text.slice(lead.length));
  if (key) {
    const name = key[1] ?? key[2] ?? key[3];
    found.push({ name, column: lead.length, end: lead.length + key[0].length });
  }
  return found;
}

// The names under which something at a column stands, from the outside in.
function pathTo(doc, number, column, isDash) {
  const path = [];
  let [at, dash] = [column, isDash];
  for (let n = number; n >= 1 && (at > 0 || dash); n -= 1) {
    const text = doc.line(n).text;
    if (/^\s*(#|$)/.test(text)) {
      continue;
    }
    for (const token of tokensOf(text).reverse()) {
      const isKey = token.name !== "[]";
      if (token.column < at || (isKey && dash && token.column === at && n !== number)) {
        path.unshift(token.name);
        [at, dash] = [token.column, !isKey];
      }
    }
  }
  return path;
}

// What is open at the end of a value in braces or brackets: the names within it, and what was begun.
function within(value) {
  const open = [];
  let [typed, quote] = ["", ""];
  for (const sign of value) {
    if (quote) {
      quote = sign === quote ? "" : quote;
      typed += sign;
    } else if ((sign === '"' || sign === "'") && !typed.trim()) {
      [quote, typed] = [sign, sign];
    } else if (sign === "{" || sign === "[") {
      open.push({ sign, key: null, known: [] });
      typed = "";
    } else if ((sign === "}" || sign === "]") && open.length) {
      open.pop();
      typed = "";
    } else if (sign === "," && open.length) {
      open.at(-1).key = null;
      typed = "";
    } else if (sign === " " && typed.endsWith(":") && open.at(-1)?.sign === "{" && open.at(-1).key === null) {
      open.at(-1).key = typed.slice(0, -1).trim();
      open.at(-1).known.push(open.at(-1).key);
      typed = "";
    } else {
      typed += sign;
    }
  }
  const path = open.flatMap(({ sign, key }) => (sign === "[" ? ["[]"] : key === null ? [] : [key]));
  const last = open.at(-1);
  return { path, typed: typed.trimStart(), isKey: last?.sign === "{" && last.key === null, known: last?.known ?? [] };
}

// The keys that stand beside a line at its column already.
function beside(doc, number, column) {
  const known = [];
  for (const step of [-1, 1]) {
    for (let n = number + step; n >= 1 && n <= doc.lines; n += step) {
      const text = doc.line(n).text;
      if (/^\s*(#|$)/.test(text)) {
        continue;
      }
      const tokens = tokensOf(text);
      known.push(...tokens.filter((one) => one.column === column && one.name !== "[]").map((one) => one.name));
      if (text.search(/\S/) < column) {
        break;
      }
    }
  }
  return known;
}

// The value that a line goes on with, where what it stands in was begun on a line before: its key, and the text so far.
function begun(doc, number, column) {
  const lines = [];
  for (let n = number - 1; n >= 1; n -= 1) {
    const text = doc.line(n).text;
    const token = tokensOf(text).findLast((one) => one.column < column);
    const tail = token?.end && text.slice(token.end).trim();
    if (tail && !/^[#&]/.test(tail)) {
      return { number: n, key: token, value: [tail.replace(/^[>|][-+]?$/, ""), ...lines].join(" ") };
    }
    if (token) {
      return null;
    }
    lines.unshift(text.trim());
  }
  return null;
}

function inValue(path, value) {
  if (value.startsWith("{") || value.startsWith("[")) {
    const inner = within(value);
    return { ...inner, path: [...path, ...inner.path], mayBeValue: !inner.isKey };
  }
  return { path, typed: value, isKey: false, mayBeValue: true, known: [] };
}

// Where the cursor is: the path of what it is in, what was begun there, and whether that is a key, or may be either.
export function placeAt(doc, pos) {
  const line = doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  const column = /^ */.exec(before)[0].length;
  const earlier = begun(doc, line.number, column);
  if (earlier) {
    const path = [...pathTo(doc, earlier.number, earlier.key.column, false), earlier.key.name];
    return inValue(path, `${earlier.value} ${before.trimStart()}`.trimStart());
  }
  const key = tokensOf(before).find((one) => one.end);
  if (key) {
    const place = inValue([...pathTo(doc, line.number, key.column, false), key.name], before.slice(key.end).trimStart());
    return { ...place, mayBeValue: place.mayBeValue && before.length > key.end };
  }
  const lead = /^ *(?:- +)*/.exec(before)[0];
  const typed = before.slice(lead.length);
  const path = pathTo(doc, line.number, lead.length, false);
  const known = beside(doc, line.number, lead.length);
  return { path, typed, isKey: true, mayBeValue: path.at(-1) === "[]", known };
}

// Every schema that a schema can mean.
function meant(schema, root, isPart) {
  if (!schema) {
    return [];
  }
  if (schema.$ref) {
    return meant(root.$defs[schema.$ref.split("/").at(-1)], root, isPart);
  }
  if (schema.if) {
    return meant(isPart ? schema.then : schema.else, root, isPart);
  }
  return schema.anyOf ? schema.anyOf.flatMap((one) => meant(one, root, isPart)) : [schema];
}

function schemasAt(path, root, isPart) {
  const open = (found) => found.flatMap((one) => meant(one, root, isPart));
  return path.reduce(
    (found, name) =>
      open(
        name === "[]"
          ? found.map((one) => one.items)
          : found.map(
              (one) => one.properties?.[name] ?? Object.values(one.patternProperties ?? {})[0] ?? (typeof one.additionalProperties === "object" ? one.additionalProperties : null),
            ),
      ),
    meant(root, root, isPart),
  );
}

// The names that this text gives: those of its sections, of steps with their types, and what it extends.
function namesIn(doc) {
  const found = { steps: {}, facts: {}, starts: {}, conditions: {}, extends: "" };
  let [section, column, name] = ["", 0, ""];
  for (let n = 1; n <= doc.lines; n += 1) {
    const text = doc.line(n).text;
    const key = tokensOf(text).find((one) => one.name !== "[]");
    if (key?.column === 0) {
      [section, column, name] = [key.name, 0, ""];
      found.extends = section === "extends" ? text.slice(key.end).trim() : found.extends;
    } else if (key && section in found && (column === 0 || key.column === column)) {
      [column, name] = [key.column, key.name];
      found[section][name] ??= "";
    }
    const uses = name && section === "steps" && /\buses:\s*([\w.]+)/.exec(text);
    if (uses) {
      found.steps[name] = uses[1];
    }
  }
  return found;
}

function options(names, type, details = {}) {
  return names.map((label) => ({ label, type, detail: details[label] }));
}

// What a condition may ask: a step or fact, then an answer of it, then a value of that answer.
function inCondition(typed, known, words, path) {
  const own = path[0] === "steps" ? known.steps[path[1]] : path[0] === "follow_ups" ? path[1] : "";
  const outputs = (name) =>
    name === "report" ? words.report : name === "person" ? words.person : name === "case" ? { country: [], now: [] } : words.types[name === "this" ? own : known.steps[name]]?.outputs;
  const value = /([a-z]\w*)\.(\w+)\s*(?:[=!]=|in\s*\[[^\]]*?)\s*["']?([\w-]*)$/.exec(typed);
  if (value) {
    const choices = outputs(value[1])?.[value[2]] ?? [];
    const isQuoted = /["']/.test(typed.at(-value[3].length - 1));
    return { length: value[3].length, found: choices.map((label) => ({ label, type: "constant", apply: isQuoted ? label : `"${label}"` })) };
  }
  const field = /([a-z]\w*)\.(\w*)$/.exec(typed);
  if (field) {
    return { length: field[2].length, found: options(Object.keys(outputs(field[1]) ?? {}), "variable") };
  }
  const begun = /\w*$/.exec(typed)[0];
  const names = { ...known.steps, report: say("the report"), ...(path.includes("follow_ups") ? { this: own, case: say("the case") } : { person: say("for each person") }) };
  const functions = { has: say("is answered"), size: say("how many") };
  const found = [...options(Object.keys(names), "variable", names), ...options([...Object.keys(known.facts), ...Object.keys(known.conditions)], "variable"), ...options(Object.keys(functions), "function", functions)];
  return { length: begun.length, found };
}

// The names that may stand as the value of a key.
function named(path, known, words) {
  const keys = path.filter((one) => one !== "[]");
  const last = JOINS.has(keys.at(-1)) && keys.at(-2) !== "starts" ? keys.at(-2) : keys.at(-1);
  if (keys[0] === "starts" || (STEPS.has(last) && words.kind === "workflow") || keys.at(-2) === "undo") {
    const more = last === "after" ? { ...known.starts, everything: "" } : {};
    return options(Object.keys({ ...known.steps, ...more }), "variable", known.steps);
  }
  if (last === "from" && words.kind === "workflow") {
    const moments = Object.entries(known.steps).flatMap(([step, uses]) => (words.types[uses]?.moments ?? []).map((one) => `${step}.${one}`));
    return options([...Object.keys({ start: "", ready: "", ...known.starts, ...known.steps, ...known.facts }), ...moments], "variable", known.steps);
  }
  const which = keys.length === 1 && last === "workflow" ? undefined : WORDS[last];
  return which ? Object.entries(words[which]).map(([label, one]) => ({ label, type: "constant", detail: one.title ?? one })) : [];
}

export function proposals(context, words) {
  const doc = context.state.doc;
  const place = placeAt(doc, context.pos);
  const known = namesIn(doc);
  const inherited = words.workflows[known.extends]?.steps ?? {};
  for (const [step, uses] of Object.entries(inherited)) {
    known.steps[step] ||= uses;
  }
  const schemas = schemasAt(place.path, words.schema, Boolean(known.extends));
  const keys = place.path.filter((one) => one !== "[]");
  let [length, found] = [/[^\s"']*$/.exec(place.typed)[0].length, []];
  if (place.mayBeValue && (CONDITIONS.has(keys.at(-1)) || ["sets", "conditions"].includes(keys.at(-2)))) {
    ({ length, found } = inCondition(place.typed, known, words, keys));
  } else if (place.mayBeValue) {
    const said = schemas.flatMap((one) => one.enum ?? (one.const !== undefined ? [one.const] : one.type === "boolean" ? [true, false] : []));
    found = [...named(place.path, known, words), ...options([...new Set(said)].map(String), "constant")];
  }
  if (place.isKey) {
    const properties = Object.assign({}, ...schemas.map((one) => one.properties));
    const isBlock = (one) => meant(one, words.schema, false).every((each) => each.properties || each.patternProperties || each.type === "null");
    found = [
      ...found,
      ...Object.entries(properties)
        .filter(([name]) => !place.known.includes(name))
        .map(([label, one]) => ({ label, type: "property", apply: isBlock(one) ? `${label}:` : `${label}: ` })),
    ];
  }
  if (found.length === 0 || !(context.explicit || length || /[\s.:"'[{]$/.test(place.typed) || place.mayBeValue)) {
    return null;
  }
  const word = context.state.sliceDoc(context.pos - length, context.pos);
  const boosted = (one) => ({ ...one, boost: one.label.split(/[._-]/).some((part) => part.startsWith(word)) ? 1 : 0 });
  return { from: context.pos - length, options: found.map(boosted) };
}
