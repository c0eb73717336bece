/** Of the page of the API: light and dark as the reader's system is, on one column where it is narrow. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#d4d8e0, #39404d); --soft: light-dark(#555d6b, #a4adbd); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#fff, #14171d); color: light-dark(#1b2028, #e6e9ef);
  display: grid; grid-template-columns: 14rem minmax(0, 60rem); }
a { color: light-dark(#0b5cad, #7fb8ff); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); }
nav h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 0 0 .5rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .2rem .5rem; text-decoration: none; border-radius: 4px; }
nav a:hover, nav a:focus-visible { background: light-dark(#eef2f8, #222834); }
main { padding: 1.5rem 2rem 6rem; min-width: 0; }
h1 { margin: 0 0 1rem; } h1 small { font-size: 1rem; font-weight: normal; color: var(--soft); }
section > h2 { margin: 2.5rem 0 .75rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: .9rem; margin: 1rem 0 .25rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 1rem; }
details[open] { padding-bottom: 1rem; }
summary { cursor: pointer; padding: .6rem 0; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; }
summary span:last-child { color: var(--soft); }
.method { font: 600 .75rem ui-monospace, monospace; padding: .1rem .45rem; border-radius: 4px; color: #fff; background: #55606f; }
.get { background: #1a6b3c; } .post { background: #1552a0; } .put, .patch { background: #7a4b00; } .delete { background: #a02222; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
@media (max-width: 48rem) { body { display: block; } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  nav ul { display: flex; flex-wrap: wrap; } main { padding: 1rem; }
  thead { display: none; } tr { display: block; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; padding: 0; border: 0; overflow-wrap: anywhere; } td:nth-child(3):not(:empty)::before { content: 'required: '; } }
`
