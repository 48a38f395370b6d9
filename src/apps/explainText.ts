/** An explanation for a terminal: a table of costs, and then a sentence for each candidate. */
import type { CandidateDocument, ExplainDocument } from "../shell/explain/document.ts"
import { durationText } from "../shell/explain/words.ts"
import type { Colours } from "./terminal.ts"

const HEAD = [
  "",
  "candidate",
  "address",
  "score",
  "cost",
  "latency",
  "jitter",
  "success",
  "penalty",
  "reward",
  "breaker",
  "rule"
]
/** Columns of numbers, which are aligned to the right. */
const NUMBERS = new Set([3, 4, 5, 6, 7, 8, 9])

export function renderExplanation(document: ExplainDocument, colours: Colours): string {
  const { upstream, at, settings, candidates, members, refused, candidateCount, ladder } = document
  const where = upstream.host === null ? "" : ` (${upstream.host}:${upstream.port})`
  const evaluation = document.evaluationInMs === null ? "" : `; evaluated in ${durationText(document.evaluationInMs)}`
  const lines = [
    `${colours.bold(upstream.name + where)} after entry ${at.seq}${at.time === null ? "" : `, ${at.time}`}`,
    `${document.text}${evaluation}`,
    `set: ${
      members.join(" ") || "no member"
    }, ${members.length} of ${settings.activeSetSize}; margin ${settings.marginMs} ms or `
    + `${settings.marginPercent} %, hold ${durationText(settings.holdMs)}, ${settings.confirmations} confirmations`
  ]
  if (ladder !== null) lines.push(`clients were moved ${ladder.what} (entry ${ladder.seq})`)
  for (const { source, count, addresses } of refused) {
    lines.push(
      `access refuses ${count} of the source ${source}: ${addresses.join(", ")}${count > addresses.length ? ", ..." : ""}`
    )
  }
  lines.push("", ...table(candidates, colours), "")
  const width = Math.max(0, ...candidates.map(({ id }) => id.length))
  for (const one of candidates) lines.push(...sentences(one, width, colours))
  const left = candidateCount - candidates.length
  if (left > 0) lines.push(`${left} more candidates: --candidates ${candidateCount}`)
  return lines.join("\n")
}

function sentences(one: CandidateDocument, width: number, colours: Colours): ReadonlyArray<string> {
  const indent = " ".repeat(width + 2)
  const rests = one.rests.map(({ seq, kind, what }) => `${KINDS[kind]}${what} (entry ${seq})`)
  return [
    `${paint(one, colours)(one.id.padEnd(width))}  ${one.why}`,
    `${indent}${one.change}`,
    ...(rests.length === 0 ? [] : [colours.dim(`${indent}rests on: ${rests.join(", ")}`)])
  ]
}

/** Words before what an entry told. */
const KINDS: Readonly<Record<CandidateDocument["rests"][number]["kind"], string>> = {
  answered: "answered ",
  failed: "failed: ",
  breaker: "breaker ",
  suspicion: "",
  identity: "identity ",
  moved: "",
  joined: "",
  ladder: ""
}

function paint({ active, serves, breaker }: CandidateDocument, colours: Colours): (text: string) => string {
  if (active && serves) return colours.green
  return breaker.state === "closed" ? (text) => text : colours.red
}

function table(candidates: ReadonlyArray<CandidateDocument>, colours: Colours): ReadonlyArray<string> {
  const rows = candidates.map(rowOf)
  const widths = HEAD.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)))
  const aligned = (row: ReadonlyArray<string>) =>
    row.map((cell, i) => NUMBERS.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ").trimEnd()
  return [colours.dim(aligned(HEAD)), ...rows.map((row, i) => paint(candidates[i]!, colours)(aligned(row)))]
}

function rowOf(one: CandidateDocument): ReadonlyArray<string> {
  const { cost, breaker, successRate } = one
  const ms = (value: number | undefined) => value === undefined ? "-" : value.toFixed(1)
  return [
    one.active ? "*" : one.serves ? "+" : "",
    one.id,
    one.address,
    ms(cost?.score),
    ms(cost?.costMs),
    ms(cost?.latencyMs),
    ms(cost?.jitterMs),
    `${(100 * successRate).toFixed(0)} %`,
    ms(cost?.penaltyMs),
    ms(cost?.rewardMs),
    breaker.state,
    one.suspect && one.rule !== "suspect" ? `${one.rule}, suspect` : one.rule
  ]
}
