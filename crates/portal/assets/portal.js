// What pages do beyond what HTML and htmx do: dialogs, copying, times in the reader's zone. Everything works without it, in
// full pages and in UTC.
(() => {
  "use strict";
  const dialog = document.getElementById("dialog");
  const said = document.getElementById("said");
  let opener = null;

  const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.textContent = times.format(at);
    }
  };
  localise(document);

  let silence = 0;
  const say = (text) => {
    // While a dialog is open, nothing outside of it is read out.
    let place = said;
    if (dialog?.open) {
      place = dialog.querySelector("[data-said]") ?? dialog.appendChild(document.createElement("p"));
      place.dataset.said = "";
      place.setAttribute("role", "status");
    }
    // Emptied first, so that the same words are read out again.
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = text; });
    clearTimeout(silence);
    silence = setTimeout(() => { said.textContent = ""; }, 8000);
  };
  document.body.addEventListener("say", (event) => say(event.detail.said));
  document.body.addEventListener("htmx:sendError", () => say("The registry did not answer. Try again: nothing happens twice."));

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === dialog && !dialog.open) opener = event.detail.elt;
  });

  document.body.addEventListener("htmx:afterSwap", (event) => {
    localise(event.detail.target);
    // Nothing is put in where what was asked for is done.
    if (event.detail.target !== dialog || !dialog.hasChildNodes()) return;
    if (!dialog.open) {
      for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
      dialog.showModal();
    }
    const first = dialog.querySelector("[aria-invalid=true], [autofocus], .fault");
    const focus = first ?? dialog.querySelector("input:not([type=hidden]), button, a");
    if (focus && focus.matches(".fault")) focus.tabIndex = -1;
    focus?.focus();
  });

  // A secret is nowhere once its dialog is closed, and the list shows what was made.
  const empty = () => {
    const made = dialog.querySelector("#secret") !== null;
    dialog.replaceChildren();
    if (!made) return;
    // The first key of all: there is no list yet that could show it.
    if (document.getElementById("keys")) document.body.dispatchEvent(new CustomEvent("keys-changed"));
    else location.reload();
  };
  // The only copy of a secret is not thrown away by a slip.
  dialog?.addEventListener("cancel", (event) => {
    if (dialog.querySelector("#secret")) event.preventDefault();
  });
  dialog?.addEventListener("close", () => {
    empty();
    const menu = opener?.closest("details.menu");
    const back = menu ? menu.querySelector("summary") : opener;
    (back?.isConnected ? back : document.getElementById("content"))?.focus();
    opener = null;
  });
  // Browsers keep a page that is left, and show it again as it was.
  window.addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll("#secret, .secret")) secret.remove();
  });

  document.body.addEventListener("close-dialog", (event) => {
    dialog.replaceChildren();
    dialog.close();
    say(event.detail.said);
  });

  document.addEventListener("click", async (event) => {
    const close = event.target.closest("[data-close]");
    if (close && dialog.contains(close)) {
      event.preventDefault();
      dialog.close();
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const source = document.getElementById(copy.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        copy.textContent = "Copied";
        say("The key is copied.");
      } catch {
        getSelection().selectAllChildren(source);
        say("It cannot be copied from here. It is selected: press Ctrl+C or ⌘C.");
      }
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // A whole key that is pasted where its first characters are asked for must not get into an address, a form or a history.
  const WHOLE_KEY = /([0-9A-Za-z]{8})_[a-z][a-z0-9]{2}_[0-9A-Za-z]{20,}/;
  document.addEventListener("input", (event) => {
    const field = event.target;
    const found = field.matches("input[type=search], input[type=text]") && field.id !== "code" && WHOLE_KEY.exec(field.value);
    if (!found) return;
    field.value = found[1];
    say("That was a whole key, and it was not sent anywhere. Only its first eight characters are ever needed.");
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || dialog?.open) return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
