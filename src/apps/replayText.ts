/** A verdict as text: its meaning first, then its evidence. */
import type { Replaced } from "../record/redactNames.ts"
import type { MoveSummary, SegmentSummary, Verdict } from "../record/Verdict.ts"

const MEANING = {
  verified: "verified: every decision came out as recorded",
  diverged: "diverged: the record is whole, but this program decides differently",
  altered: "altered: the record is not as it was written",
  incompatible: "not judged: the record was made by another version"
} as const

/** Moves that are shown, the last ones. */
const MOVES_SHOWN = 10

export function renderVerdict(verdict: Verdict): string {
  const { outcome, problem, choices, gaps, moves } = verdict
  const lines: Array<string> = [MEANING[outcome]]
  if (problem !== null) lines.push(`  at entry ${problem.seq} in segment ${problem.segment}: ${problem.what}`)
  lines.push("", table(["segment", "run", "first entry", "entries", "end"], verdict.segments.map(segmentRow)))
  for (const gap of gaps) {
    const till = gap.beforeSeq < 0 ? "" : ` until ${gap.beforeSeq}`
    lines.push(`gap: entries after ${gap.afterSeq}${till} were not written (${gap.reason})`)
  }
  lines.push("", `${verdict.entries} entries, ${verdict.decisions} decisions, ${moves.length} moves of the active set`)
  const unjudged = choices.unjudged > 0 ? `, ${choices.unjudged} used routes from before the record` : ""
  lines.push(`${choices.checked} clients' choices were admissible${unjudged}`)
  if (moves.length > 0) lines.push("", ...moves.slice(-MOVES_SHOWN).map(moveLine))
  return lines.join("\n")
}

/** The same for a redacted copy. `replaced` is null where none was written. */
export function renderRedacted(verdict: Verdict, replaced: Replaced | null, out: string): string {
  if (replaced === null) return `${renderVerdict(verdict)}\n\nnot redacted: only a record that verifies is copied`
  const { addresses, names } = replaced
  const copied = `redacted copy in ${out}: ${counted(addresses, "address", "addresses")}, ${
    counted(names, "name", "names")
  } replaced`
  return `${copied}\nthe copy is ${renderVerdict(verdict)}`
}

function counted(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}

function segmentRow({ segment, run, firstSeq, entries, end, tornChars }: SegmentSummary): ReadonlyArray<string> {
  const torn = tornChars > 0 ? `, torn line of ${tornChars} characters cut off` : ""
  return [String(segment), run, firstSeq < 0 ? "-" : String(firstSeq), String(entries), `${end}${torn}`]
}

function moveLine({ seq, upstream, members, moves }: MoveSummary): string {
  const steps = moves.map(({ candidate, into, reason, costMs }) =>
    `${into ? "+" : "-"}${candidate} ${reason}${costMs < 0 ? "" : ` ${costMs.toFixed(1)} ms`}`
  )
  return `entry ${seq}  ${upstream}: ${members.join(" ") || "no member"}  (${steps.join(", ")})`
}

/** Columns aligned to their widest cell. */
function table(head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? "").length)))
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()).join("\n")
}
