// Comfort only: every page works without this script.

const GUARD_MS = 4000;
const SLOW_MS = 15000;
const ANSWER_MS = 8000;
const AGAIN_MS = 5000;
const ZOOM_STEP = 1.25;
const [SMALLEST_ZOOM, LARGEST_ZOOM] = [0.4096, 3.0517578125];

function guardAgainstDoubleSubmit(event) {
  const form = event.target;
  if (form.method === "post" && !form.dataset.reached) {
    event.preventDefault();
    if (!form.dataset.waits) {
      form.dataset.waits = "yes";
      sendWhenReached(form, event.submitter);
    }
    return;
  }
  delete form.dataset.reached;
  if (form.dataset.sentAt && Date.now() - Number(form.dataset.sentAt) < GUARD_MS) {
    event.preventDefault();
    return;
  }
  form.dataset.sentAt = String(Date.now());
  if (form.method === "post") {
    window.setTimeout(() => sayHere(form, "slow", SLOW), SLOW_MS);
  }
}

// A browser that leaves the page before the line is known to be there loses what was typed, whatever it says of itself,
// and however lately it got the page: each form first asks for a file of a few bytes, and goes out when that came.
function sendWhenReached(form, button) {
  const probe = new Image();
  const over = (isReached) => {
    window.clearTimeout(late);
    probe.onload = probe.onerror = null;
    if (isReached) {
      delete form.dataset.waits;
      form.dataset.reached = "yes";
      form.requestSubmit(button);
    } else {
      sayHere(form, "offline", OFFLINE);
      window.setTimeout(() => sendWhenReached(form, button), AGAIN_MS);
    }
  };
  const late = window.setTimeout(() => over(false), ANSWER_MS);
  probe.onload = () => over(true);
  probe.onerror = () => over(false);
  probe.src = `/static/reached.svg?${Date.now()}`;
}

const OFFLINE =
  "The line is lost. What you typed is still here: leave this page open, and it is sent when the line is back.";
const SLOW =
  "This takes longer than usual. What you typed is still here: wait, or send it again. It has its effect only once.";

function sayHere(form, what, words) {
  const known = form.querySelector(`[data-said="${what}"]`);
  if (known) {
    return;
  }
  const note = document.createElement("p");
  note.className = "govuk-inset-text";
  note.setAttribute("role", "alert");
  note.setAttribute("data-said", what);
  note.tabIndex = -1;
  note.textContent = words;
  form.append(note);
  note.focus();
}

function leaveAtOnce(link) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.documentElement.hidden = true;
    window.location.replace(link.href);
  });
}

function valueOf(form, name) {
  const fields = [...form.elements].filter((element) => element.name === name);
  const chosen = fields.find((field) => (field.type === "radio" ? field.checked : true));
  return chosen ? chosen.value : "";
}

function showOnlyWhatIsAsked(form) {
  const dependent = form.querySelectorAll("[data-when-field]");
  const update = () => {
    for (const block of dependent) {
      const value = valueOf(form, block.dataset.whenField);
      block.hidden = value !== block.dataset.whenValue && !block.querySelector(".govuk-error-message");
    }
  };
  if (dependent.length > 0) {
    form.addEventListener("change", update);
    update();
  }
}

function showOnlyWhatFits(list) {
  const field = document.getElementById(list.dataset.filteredBy);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of list.querySelectorAll("details")) {
      const about = group.querySelector("summary").textContent;
      for (const line of group.querySelectorAll("li")) {
        const said = `${about} ${line.textContent}`.toLowerCase();
        line.hidden = !words.every((word) => said.includes(word));
      }
      group.hidden = !group.querySelector("li:not([hidden])");
      group.open = words.length > 0 && !group.hidden;
    }
  });
}

function moveByDragging(picture) {
  picture.parentElement.addEventListener("change", () => {
    const first = picture.querySelector("g.node");
    if (first) {
      first.scrollIntoView({ block: "nearest", inline: "center" });
    }
  });
  picture.addEventListener("pointermove", (event) => {
    if (event.buttons === 1 && event.pointerType === "mouse") {
      event.preventDefault();
      picture.scrollBy(-event.movementX, -event.movementY);
    }
  });
}

// Only the page knows how large a picture is: what comes next begins as before.
function zoomByButtonsAndKeys(picture) {
  const flow = picture.querySelector(".icmc-flow");
  const bar = picture.previousElementSibling;
  const said = bar.querySelector("[aria-live]");
  let scale = 1;
  const isAbove = window.matchMedia("(min-width: 64.01em)").matches;
  const isClear = window.matchMedia("(min-width: 80em)");
  const makeRoom = () => {
    bar.style.height = isAbove ? (isClear.matches && scale === 1 ? "0" : "76px") : "";
  };
  const show = (wanted) => {
    const next = Math.min(Math.max(wanted, SMALLEST_ZOOM), LARGEST_ZOOM);
    const wide = flow.style.width || `${flow.getBoundingClientRect().width}px`;
    const at = [picture.scrollLeft, picture.scrollTop].map((one) => (one * next) / scale);
    scale = next;
    const isUsual = scale === 1;
    flow.style.width = isUsual ? "" : wide;
    flow.style.zoom = isUsual ? "" : scale;
    picture.style.maxHeight = scale > 1 ? "85vh" : "";
    picture.style.overflow = isUsual ? "" : "auto";
    picture.tabIndex = isUsual ? -1 : 0;
    picture.scrollTo(...at);
    makeRoom();
    said.textContent = `${Math.round(scale * 100)} %`;
  };
  const ways = { "+": () => show(scale * ZOOM_STEP), "=": () => show(scale * ZOOM_STEP), "-": () => show(scale / ZOOM_STEP), 0: () => show(1) };
  const pressed = (event) => {
    if (ways[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      ways[event.key]();
    }
  };
  bar.hidden = false;
  if (isAbove) {
    Object.assign(bar.style, { position: "relative", zIndex: "1" });
    Object.assign(bar.firstElementChild.style, { position: "absolute", [picture.closest(".icmc-beside") ? "left" : "right"]: "0", top: "0" });
  }
  makeRoom();
  isClear.addEventListener("change", makeRoom);
  bar.addEventListener("click", (event) => ways[event.target.dataset.zoom]?.());
  bar.addEventListener("keydown", pressed);
  picture.addEventListener("keydown", pressed);
}

function focusOnErrors() {
  const summary = document.querySelector(".govuk-error-summary");
  if (summary) {
    summary.tabIndex = -1;
    summary.focus();
  }
}

function showWhereWeAre(row) {
  const here = row.querySelector("[aria-current]");
  if (here) {
    row.scrollLeft = here.offsetLeft - row.offsetLeft - here.offsetWidth;
  }
}

document.addEventListener("submit", guardAgainstDoubleSubmit);
document.querySelectorAll(".icmc-nav, .icmc-tabs").forEach(showWhereWeAre);
document.querySelectorAll("[data-exit]").forEach(leaveAtOnce);
document.querySelectorAll("[data-filtered-by]").forEach(showOnlyWhatFits);
document.querySelectorAll("[data-drag]").forEach(moveByDragging);
document.querySelectorAll("[data-zoomed]").forEach(zoomByButtonsAndKeys);
document.querySelectorAll("form").forEach(showOnlyWhatIsAsked);
focusOnErrors();
