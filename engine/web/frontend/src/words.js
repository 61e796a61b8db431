// What the editor says, in the language of its page, which brings the words along: a template cannot stand in a script.
const brought = document.querySelector("#editor-words");

// The words of the page by their English, the editor's library's own among them.
export const phrases = Object.fromEntries([...(brought ? brought.content.querySelectorAll("[data-say]") : [])].map((one) => [one.dataset.say, one.textContent.trim()]));

// A sentence in the language of the page, with its values where $1 and $2 stand.
export function say(words, ...values) {
  return (phrases[words] ?? words).replace(/\$([1-9])/g, (_, number) => values[number - 1]);
}
