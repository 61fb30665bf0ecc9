/** How the pages that this package writes look: one style for reports and contact sheets, light or dark as the reader has it. */

export const REPORT_STYLE: string = `
:root { color-scheme: light dark; --paper: #fff; --desk: #f6f6f3; --ink: #23262d; --soft: #5d626d; --line: #e3e4e8; --accent: #27695a; --tint: #f0f5f3; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #1b1d21; --desk: #131417; --ink: #e7e8ea; --soft: #a3a8b2; --line: #35383f; --accent: #6cc3ad; --tint: #1f2a28; --wrong: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--desk); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; background: var(--paper); }
@media (max-width: 600px) { main { padding: 18px 12px 40px; } }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 8px; } h2 { font-size: 20px; margin: 34px 0 8px; } h3 { font-size: 17px; margin: 26px 0 6px; }
.lead { font-size: 17px; max-width: 760px; color: var(--soft); margin: 0 0 20px; } .note { color: var(--soft); font-size: 13px; max-width: 760px; }
a { color: var(--accent); }
pre { background: var(--desk); padding: 8px 12px; overflow-x: auto; font-size: 12.5px; line-height: 1.45; margin: 6px 0 10px; border-radius: 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; padding: 0; margin: 8px 0; } .legend i { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 7px; vertical-align: -2px; border: 1px solid #0003; }
.legend .unknown { background: repeating-linear-gradient(135deg, #fff 0 3px, #777 3px 5px); }
`;
