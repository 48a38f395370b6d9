/** The report as one page: it contains all that it shows, asks no server for anything, and has no script. */
import { clock } from "./progress.ts"
import type { Curve, Frame, Plot } from "./plots.ts"
import { escaped, svgOf } from "./plots.ts"
import type { ClientCounts, Line, Report, SliceSeen } from "./Report.ts"
import { amount, sentenceOf } from "./reportText.ts"

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #66707a; --rule: #d8dee4; --shade: #f3d9b1;
  --good: #116329; --bad: #b3261e; --c1: #0b62c4; --c2: #b35900; --c3: #1a7f37; --c4: #8250df }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #9aa4af; --rule: #30363d;
  --shade: #4a3a1c; --good: #56d364; --bad: #ff7b72; --c1: #6cb2ff; --c2: #ffa657; --c3: #56d364; --c4: #d2a8ff } }
body { margin: 0 auto; padding: 1.5rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 } .faint, figcaption { color: var(--faint) }
.verdict { font-size: 1.3rem; font-weight: 600; margin: .5rem 0 } .pass { color: var(--good) } .fail { color: var(--bad) }
.unjudged { color: var(--faint) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums } .wide { overflow-x: auto }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top }
th { font-weight: 600 } .n { text-align: right; white-space: nowrap }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem }
figure { margin: 0 } svg { width: 100%; height: auto; display: block } svg text { fill: var(--faint); font-size: 11px }
.grid { stroke: var(--rule) } .shade { fill: var(--shade); opacity: .55 }
.curve { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
.key { margin-left: .6rem; white-space: nowrap } .key::before { content: ""; display: inline-block; width: .9rem; height: .2rem;
  margin-right: .3rem; vertical-align: middle; background: currentColor }
path.c1 { stroke: var(--c1) } path.c2 { stroke: var(--c2) } path.c3 { stroke: var(--c3) } path.c4 { stroke: var(--c4) }
.key.c1 { color: var(--c1) } .key.c2 { color: var(--c2) } .key.c3 { color: var(--c3) } .key.c4 { color: var(--c4) }
`

export function reportHtml(report: Report): string {
  const { verdict, baseline, startedAt, ranMs, seed, version, runtime, platform, complete, taken, scale } = report
  const isBad = verdict.outcome === "not ready" || (baseline?.worse.length ?? 0) > 0
  const tone = isBad ? "fail" : verdict.outcome === "ready" ? "pass" : "unjudged"
  const facts = [
    `${startedAt}`,
    `${clock(ranMs)}${complete ? "" : ", ended early"}`,
    `seed ${seed}`,
    `Fairlead ${version}`,
    `${runtime} on ${platform}`,
    `intervals and limits of time at ${scale} of their defaults`,
    taken.length === 0 ? "default configuration" : `with ${taken.join(", ")} of a file`
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Fairlead soak: ${verdict.outcome}</title><style>${STYLE}</style></head><body><main>
<h1>Fairlead soak</h1>
<p class="verdict ${tone}">${escaped(sentenceOf(report))}</p>
<p class="faint">${escaped(facts.join(" · "))}</p>
<h2>Verdict</h2>${verdictTable(verdict.lines)}
${baseline === null ? "" : comparison(baseline)}
<h2>Clients</h2>${clientTable(report)}
<h2>Over time</h2>
${report.faults.length > MOST_FAULTS ? "" : `<p class="faint">Shaded: faults. Point at one to read what it was.</p>`}
<div class="plots">${plotsOf(report).map((plot) => svgOf(plot, frameOf(report))).join("\n")}</div>
<h2>Faults</h2>${faultTable(report)}
${
    report.unserved.length === 0
      ? ""
      : `<h2>Clients of Fairlead that were not served, although an address could serve</h2>${unservedTable(report)}`
  }
<h2>What Fairlead did</h2>${deedTable(report)}
</main></body></html>
`
}

type Cell = string | { readonly text: string; readonly className: string }

function tableOf(heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string {
  const cell = (one: Cell, i: number) => {
    const { text, className } = typeof one === "string" ? { text: one, className: i === 0 ? "" : "n" } : one
    return `<td${className === "" ? "" : ` class="${className}"`}>${escaped(text)}</td>`
  }
  const isText = (i: number) => i === 0 || (typeof rows[0]?.[i] === "object" && !rows[0][i].className.includes("n "))
  const head = heads.map((text, i) => `<th scope="col"${isText(i) ? "" : ` class="n"`}>${escaped(text)}</th>`).join("")
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

function verdictTable(lines: ReadonlyArray<Line>): string {
  return tableOf(
    ["what", "value", "limit", "verdict"],
    lines.map(({ what, value, limit, unit, atLeast, outcome, why }) => [
      what,
      value === null ? "-" : amount(value, unit),
      limit === null ? "-" : `${atLeast ? "at least" : "at most"} ${amount(limit, unit)}`,
      { text: `${outcome === "unjudged" ? "not judged" : outcome}${why === "" ? "" : `: ${why}`}`, className: outcome }
    ])
  )
}

function comparison({ startedAt, notes, worse }: NonNullable<Report["baseline"]>): string {
  const rows = worse.map(({ what, before, now, tolerance }) => [what, `${before}`, `${now}`, `${tolerance}`])
  return `<h2>Against the report of ${escaped(startedAt)}</h2>${
    worse.length === 0
      ? "<p>Nothing got worse by more than its tolerance.</p>"
      : tableOf(["worse", "then", "now", "tolerated"], rows)
  }${notes.map((note) => `<p class="faint">${escaped(note)}</p>`).join("")}`
}

const ms = (value: number | null) => value === null ? "-" : `${value.toFixed(value < 100 ? 1 : 0)} ms`

function clientTable({ fairlead, control, ways }: Report): string {
  const row = (name: string, one: ClientCounts) => [
    name,
    ...[one.clients, one.served, one.failed, one.caught, one.noneCould, one.cut, one.corrupted].map(String),
    ms(one.p50Ms),
    ms(one.p99Ms)
  ]
  const heads = [
    "",
    "clients",
    "served",
    "failed",
    "caught by a fault",
    "none could serve",
    "cut midway",
    "altered",
    "p50",
    "p99"
  ]
  return tableOf(heads, [
    row("Fairlead", fairlead),
    row("control group", control),
    ...ways.flatMap((one) => [row(`Fairlead, ${one.way}`, one.fairlead), row(`control group, ${one.way}`, one.control)])
  ])
}

/** A page of a soak of days would be too long for a browser. */
const MOST_FAULTS = 300

/** Those in which most clients were lost, in the order of time. */
function worstOf(faults: Report["faults"]): Report["faults"] {
  const lost = ({ fairlead: { clients, served } }: Report["faults"][number]) => clients - served
  return faults.toSorted((a, b) => lost(b) - lost(a)).slice(0, MOST_FAULTS).toSorted((a, b) => a.atMs - b.atMs)
}

function faultTable({ faults }: Report): string {
  const left = faults.length - MOST_FAULTS
  const note = left > 0 ? `<p class="faint">${left} with fewer lost clients are left out; report.json has them.</p>` : ""
  return note + tableOf(
    ["fault", "at", "lasted", "Fairlead served", "control group served", "nearest back after", "limit"],
    worstOf(faults).map(({ says, atMs, untilMs, fairlead, control, backMs, boundMs, isDue }) => [
      says,
      clock(atMs),
      `${((untilMs - atMs) / 1000).toFixed(1)} s`,
      `${fairlead.served} of ${fairlead.clients}`,
      `${control.served} of ${control.clients}`,
      backMs === null ? isDue ? { text: "never", className: "n fail" } : "-" : `${(backMs / 1000).toFixed(1)} s`,
      `${(boundMs / 1000).toFixed(1)} s`
    ])
  )
}

function unservedTable({ unserved }: Report): string {
  const text = (words: string): Cell => ({ text: words, className: "" })
  return tableOf(
    ["arrived at", "after", "way", "target", "outcome", "excuse"],
    unserved.map(({ atMs, tookMs, way, target, outcome, excuse }) => [
      `${(atMs / 1000).toFixed(1)} s`,
      `${(tookMs / 1000).toFixed(1)} s`,
      text(way),
      text(target),
      text(outcome),
      text(excuse)
    ])
  )
}

function deedTable({ selections, refresh, fallbacks, breakers, moves, switchOffMs, records }: Report): string {
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ") || "none"
  const text = (words: string): Cell => ({ text: words, className: "" })
  return tableOf(["", ""], [
    ["clients by strategy", text(listed(selections.byStrategy))],
    ["clients by source of their address", text(listed(selections.bySource))],
    ["warm and dialled sockets, none", text(`${selections.warm}, ${selections.dialled}, ${selections.unreached}`)],
    ["probes, failed", text(`${refresh.probes}, ${refresh.probesFailed}`)],
    [
      "first rounds",
      text(
        refresh.preheats.map(({ upstream, reachable, candidates, tookMs }) =>
          `${upstream} ${reachable} of ${candidates} in ${tookMs} ms`
        )
          .join(", ")
      )
    ],
    ["names found on first use, failed", text(`${refresh.firstUses}, ${refresh.firstUsesFailed}`)],
    ["answers of the resolver, failures", text(`${refresh.resolved}, ${refresh.unresolved}`)],
    ["steps down the ladder", text(listed(fallbacks))],
    ["breakers opened", text(listed(breakers.tripped))],
    ["breakers closed, suspicions", text(`${breakers.recovered}, ${breakers.suspected}`)],
    ["moves into active sets", text(listed(moves.byReason))],
    ["answers to switching off", text(switchOffMs.map((one) => ms(one)).join(", ") || "none")],
    ["records", text(records.map(({ service, outcome, entries }) => `${service} ${outcome}, ${entries} entries`).join("; "))]
  ])
}

function frameOf({ series, plannedMs, ranMs, faults }: Report): Frame {
  const sliceMs = series.length > 1 ? (series[1]?.atMs ?? 0) - (series[0]?.atMs ?? 0) : plannedMs
  const shades = (faults.length > MOST_FAULTS ? [] : faults).map(({ atMs, untilMs, says }) => ({
    fromMs: atMs,
    untilMs,
    text: says
  }))
  return { sliceMs, totalMs: Math.max(1, ranMs), shades }
}

function plotsOf({ series }: Report): ReadonlyArray<Plot> {
  const curve = (name: string, tone: string, of: (slice: SliceSeen) => number | null): Curve => ({
    name,
    tone,
    values: series.map(of)
  })
  const share = ({ clients, served }: ClientCounts) => clients === 0 ? null : 100 * served / clients
  return [
    {
      title: "clients served",
      unit: "%",
      curves: [
        curve("Fairlead", "c1", ({ fairlead }) => share(fairlead)),
        curve("control group", "c2", ({ control }) => share(control))
      ]
    },
    {
      title: "first byte, half of the clients within",
      unit: "ms",
      isLog: true,
      curves: [
        curve("Fairlead", "c1", ({ fairlead }) => fairlead.p50Ms),
        curve("control group", "c2", ({ control }) => control.p50Ms)
      ]
    },
    {
      title: "first byte, 99 of 100 within",
      unit: "ms",
      isLog: true,
      curves: [
        curve("Fairlead", "c1", ({ fairlead }) => fairlead.p99Ms),
        curve("control group", "c2", ({ control }) => control.p99Ms)
      ]
    },
    {
      title: "clients with a warm socket",
      unit: "%",
      curves: [curve("Fairlead", "c1", ({ warmShare }) => warmShare === null ? null : 100 * warmShare)]
    },
    {
      title: "probes",
      unit: "",
      curves: [
        curve("all", "c1", ({ probes }) => probes),
        curve("failed", "c2", ({ probesFailed }) => probesFailed)
      ]
    },
    {
      title: "breakers, steps down the ladder, moves of active sets",
      unit: "",
      curves: [
        curve("opened", "c2", ({ tripped }) => tripped),
        curve("closed", "c3", ({ recovered }) => recovered),
        curve("steps down", "c4", ({ fallbacks }) => fallbacks),
        curve("moves", "c1", ({ moves }) => moves)
      ]
    },
    {
      title: "memory",
      unit: "MiB",
      curves: [
        curve("resident", "c2", ({ rssMiB }) => rssMiB),
        curve("heap, least", "c1", ({ heapMiB }) => heapMiB)
      ]
    },
    { title: "open descriptors", unit: "", curves: [curve("most", "c1", ({ descriptors }) => descriptors)] },
    { title: "fibers of the services", unit: "", curves: [curve("fewest", "c1", ({ fibers }) => fibers ?? null)] },
    { title: "lag of the event loop", unit: "ms", isLog: true, curves: [curve("most", "c1", ({ lagMs }) => lagMs)] }
  ]
}
