/** A comparison as one HTML file without a script and without requests, light or dark as the reader's system is. */
import { durationText } from "../../shell/explain/words.ts"
import type { Compared, UpstreamCompared } from "../../sim/whatIf/compared.ts"
import type { Figures } from "../../sim/whatIf/Figures.ts"
import { VERSION } from "../version.ts"
import { escaped, plot } from "./plot.ts"
import type { Line } from "./text.ts"
import { LINES, partedText, restsText, valueText } from "./text.ts"

/** Plots in one report: the upstreams in which most differs. */
const MOST_PLOTS = 24
const MOST_SETTINGS = 200
/** A smaller difference of a value is none. */
const SLIGHT = 1e-9

export function report(compared: Compared): string {
  const { verdict, seconds, differences, upstreams, notes } = compared
  const parts = [
    `<header><h1>What if</h1><p>${verdict.entries} entries over ${
      durationText(seconds * 1000)
    }, verified, and run again under other settings. `
    + `${escaped(sentence(partedText(compared)))}</p></header>`,
    `<section><h2>In short</h2>${tiles(compared.recorded, compared.other)}<p class="rests">${
      escaped(sentence(restsText(compared)))
    }</p>${notes.map((note) => `<p class="note">${escaped(sentence(note))}</p>`).join("")}</section>`,
    `<section><h2>Settings that differ</h2>${settings(differences)}</section>`,
    plots(compared),
    upstreams.length > 1 ? `<section><h2>Upstreams</h2>${upstreamTable(upstreams)}</section>` : "",
    `<footer>fairlead ${VERSION} replay --config</footer>`
  ]
  const policy = "default-src 'none'; style-src 'unsafe-inline'"
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`
    + `<meta http-equiv="Content-Security-Policy" content="${policy}"><title>What if: Fairlead</title><style>${STYLE}</style></head>`
    + `<body><main>${parts.join("\n")}</main></body></html>\n`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

function tiles(recorded: Figures, other: Figures): string {
  const tile = (line: Line) =>
    `<div class="tile ${verdictOf(line, recorded, other)}"><dt title="${escaped(line.hint)}">${line.name}</dt>`
    + `<dd><span class="was">${line.of(recorded)}</span><span class="arrow" aria-label="becomes"> → </span>`
    + `<span class="is">${line.of(other)}</span></dd><p>${escaped(line.hint)}</p></div>`
  return `<dl class="tiles">${LINES.map(tile).join("")}</dl>`
}

/** Whether the other settings do better. */
function verdictOf({ value, less }: Line, recorded: Figures, other: Figures): "better" | "worse" | "same" {
  const [a, b] = [value(recorded), value(other)]
  if (a === null || b === null || Math.abs(a - b) <= SLIGHT) return "same"
  return (b < a) === less ? "better" : "worse"
}

function settings(differences: Compared["differences"]): string {
  if (differences.length === 0) return "<p>None.</p>"
  const rows = differences.slice(0, MOST_SETTINGS).map(({ path, recorded, other }) =>
    `<tr><td><code>${escaped(path)}</code></td><td><code>${escaped(valueText(recorded))}</code></td><td><code>${
      escaped(valueText(other))
    }</code></td></tr>`
  )
  return `<div class="wide"><table><thead><tr><th>setting</th><th>recorded</th><th>other</th></tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`
}

function plots({ courses }: Compared): string {
  const differs = ({ recordedMs, otherMs }: (typeof courses)[number]) =>
    recordedMs.filter((one, i) => one !== otherMs[i]).length
  const shown = courses.toSorted((a, b) => differs(b) - differs(a)).slice(0, MOST_PLOTS)
  if (shown.length === 0) return ""
  const legend = '<p class="legend"><span class="best">lowest there was</span><span class="recorded">recorded</span>'
    + '<span class="other">other settings</span></p>'
  const figures = shown.map((course) =>
    `<figure><figcaption>${escaped(course.upstream)}</figcaption>${plot(course)}</figure>`
  )
  const left = courses.length - shown.length
  return `<section><h2>Latency of the first choice for clients</h2>${legend}${figures.join("")}${
    left > 0 ? `<p>${left} more, in which less differs, are not shown.</p>` : ""
  }</section>`
}

function upstreamTable(upstreams: ReadonlyArray<UpstreamCompared>): string {
  const head = LINES.map(({ name, hint }) => `<th title="${escaped(hint)}">${name}</th>`).join("")
  const rows = upstreams.map(({ upstream, recorded, other }) =>
    `<tr><th>${escaped(upstream)}</th>${
      LINES.map((line) => `<td class="${verdictOf(line, recorded, other)}">${line.of(recorded)} → ${line.of(other)}</td>`)
        .join("")
    }</tr>`
  )
  return `<div class="wide"><table><thead><tr><th>upstream</th>${head}</tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`
}

const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2733; --soft: #5b6b7b; --line: #dfe5ea; --card: #f6f8fa;
  --best: #8a97a3; --recorded: #1769c2; --other: #c2560c; --better: #18794e; --worse: #b42318 }
@media (prefers-color-scheme: dark) { :root { --paper: #10161c; --ink: #e3e9ee; --soft: #98a6b3; --line: #26313b; --card: #18212a;
  --best: #7c8a97; --recorded: #6db3f8; --other: #f59a57; --better: #55c990; --worse: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem }
header p { margin: .3rem 0 0; color: var(--soft) }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .7rem; margin: 0 }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem }
.tile dt { color: var(--soft); font-size: .85rem } .tile dd { margin: .1rem 0; font-size: 1.2rem; font-variant-numeric: tabular-nums }
.tile p { margin: 0; color: var(--soft); font-size: .78rem; line-height: 1.35 }
.was, .arrow { color: var(--soft) } .better .is, td.better { color: var(--better); font-weight: 600 }
.worse .is, td.worse { color: var(--worse); font-weight: 600 }
.rests, .note { color: var(--soft); font-size: .9rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { color: var(--soft); font-weight: 500 } code { font: .85rem ui-monospace, monospace; overflow-wrap: anywhere }
figure { margin: 0 0 1.2rem } figcaption { font-weight: 600; margin-bottom: .2rem } svg { width: 100%; height: auto; display: block }
.grid { stroke: var(--line); fill: none } .tick, .time, .row { fill: var(--soft); font: 11px system-ui, sans-serif }
.tick, .row { text-anchor: end } .curve { fill: none; stroke-width: 1.5; stroke-linejoin: round }
.curve.best { stroke: var(--best); stroke-width: 1; stroke-dasharray: 3 3 } .curve.recorded { stroke: var(--recorded) }
.curve.other { stroke: var(--other) } .mark { stroke-width: 1.5; opacity: .8 } .mark.recorded { stroke: var(--recorded) }
.mark.other { stroke: var(--other) }
.legend span { margin-right: 1.2rem; color: var(--soft) } .legend span::before { content: ""; display: inline-block; width: 1.4rem;
  border-top: 2px solid; margin-right: .4rem; vertical-align: middle }
.legend .best::before { border-top: 2px dashed var(--best) } .legend .recorded::before { border-color: var(--recorded) }
.legend .other::before { border-color: var(--other) }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .8rem }
`
