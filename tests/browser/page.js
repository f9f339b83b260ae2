// How the tests look at a page: as somebody sees it who is there. It is the body of a function, to which a return is added.
const words = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

const seen = (element) => element.checkVisibility({ visibilityProperty: true });

// While a modal dialog is open, nothing outside of it can be reached.
const within = () => [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.documentElement;

const all = (css, place = within()) => [...place.querySelectorAll(css)].filter(seen);

// The text of a label without that of the field that it may hold.
const labelText = (label) => {
  const copy = label.cloneNode(true);
  copy.querySelectorAll('input, select, textarea').forEach((field) => field.remove());
  return words(copy.textContent);
};

// Everything that an element may be called by: what a screen reader says, and what stands there.
const names = (element) => {
  const ids = element.getAttribute('aria-labelledby')?.split(/\s+/) ?? [];
  const labelled = ids.map((id) => document.getElementById(id)?.textContent).join(' ');
  const labels = [...(element.labels ?? [])].map(labelText);
  const button = element.matches('input[type=submit], input[type=button], input[type=reset]');
  const text = element.matches('input, select, textarea') ? '' : element.innerText;
  const all = [labelled, element.getAttribute('aria-label'), ...labels, button ? element.value : '', text];
  return all.map(words).filter((name) => name);
};

// Those that are called so; where none is, those whose name begins so.
const called = (elements, name) => {
  const exact = elements.filter((element) => names(element).includes(name));
  const longer = (element) => names(element).some((other) => other.startsWith(`${name} `));
  return exact.length ? exact : elements.filter(longer);
};

const CONTROLS = 'a[href], button, summary, input[type=submit], input[type=button], input[type=reset], [role=button], '
  + '[role=link], [role=menuitem], [role=tab], [role=option], [role=switch]';
const FIELDS = 'input:not([type=hidden], [type=submit], [type=button], [type=reset]), select, textarea, [role=combobox], '
  + '[contenteditable=true], [role=switch]';
const ROWS = 'tr, li, article, section, fieldset, [role=row], [role=listitem]';

const find = {
  css: (css) => all(css),
  control: (name) => called(all(CONTROLS), name),
  controlIn: (css, name) => called(all(css).flatMap((place) => all(CONTROLS, place)), name),
  // In the smallest rows that say `text`: a table may stand in a section.
  controlAt: (text, name) => {
    const rows = all(ROWS).filter((row) => words(row.innerText).includes(text));
    const smallest = rows.filter((row) => !rows.some((other) => other !== row && row.contains(other)));
    return called(smallest.flatMap((row) => all(CONTROLS, row)), name);
  },
  field: (name) => called(all(FIELDS), name),
};

const says = (text) => words(document.body?.innerText).includes(words(text));

const focused = () => {
  const element = document.activeElement;
  if (!element || element === document.body) return '';
  return names(element)[0] ?? element.localName;
};
