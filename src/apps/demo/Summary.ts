/** The result of the demo. */
import type { Verdict } from "../../record/Verdict.ts"
import type { StoryLine } from "./Frame.ts"
import { PLAIN } from "./plainForwarder.ts"
import { span, table, textOf, wrap } from "./spans.ts"
import type { Figures } from "./Tally.ts"
import { number, percent, seconds } from "./view.ts"

export interface Summary {
  readonly seed: number
  /** How long the demo played, and whether it reached its end. */
  readonly playedMs: number
  readonly complete: boolean
  /** How long the plain forwarder waits for one address, and a client for its first byte. */
  readonly dialTimeoutMs: number
  readonly patienceMs: number
  readonly fairlead: Figures & {
    /** Share of clients that got a warm socket, from 0 to 1; -1: there were no clients. */
    readonly warmShare: number
    /** Changes of the first choice, and of the active set. */
    readonly switches: number
    readonly moves: number
  }
  readonly plain: Figures
  readonly record: {
    readonly directory: string
    readonly outcome: Verdict["outcome"]
    readonly entries: number
    readonly decisions: number
    readonly choices: number
  }
  /** Why the demo failed; none: it did not. */
  readonly complaints: ReadonlyArray<string>
  readonly story: ReadonlyArray<StoryLine>
}

/** A part of the script may end in the middle of an outage, so only a whole one is judged by its clients. */
export function complaintsOf(
  complete: boolean,
  fairlead: Figures,
  plain: Figures,
  outcome: Verdict["outcome"]
): ReadonlyArray<string> {
  const complaints: Array<string> = []
  if (outcome !== "verified") complaints.push(`the record of this run is ${outcome}`)
  if (complete && fairlead.served === 0) complaints.push("Fairlead served no client")
  if (complete && fairlead.failed > plain.failed) {
    complaints.push(`Fairlead failed ${fairlead.failed} clients, the plain forwarder ${plain.failed}`)
  }
  return complaints
}

/** Lines of at most `columns`, as far as words allow. */
export function summaryText(summary: Summary, columns: number): string {
  const say = (text: string) => wrap(text, columns, 0)
  const { fairlead, plain, record, complaints, complete, playedMs, dialTimeoutMs, patienceMs } = summary
  const rows: ReadonlyArray<readonly [what: string, ours: string, theirs: string]> = [
    ["first byte, half of the clients within", milliseconds(fairlead.p50Ms), milliseconds(plain.p50Ms)],
    ["first byte, 99 of 100 within", milliseconds(fairlead.p99Ms), milliseconds(plain.p99Ms)],
    ["clients served", String(fairlead.served), String(plain.served)],
    ["clients failed", String(fairlead.failed), String(plain.failed)],
    ["given a warm socket", percent(fairlead.warmShare), "-"],
    ["changes of the first choice", String(fairlead.switches), "-"],
    ["changes of the active set", String(fairlead.moves), "-"]
  ]
  const heads = ["", "Fairlead", PLAIN].map((head, i) => ({ head, align: i === 0 ? "left" as const : "right" as const }))
  const played = `${complete ? "The whole script" : "Stopped early"}: ${
    (playedMs / 1000).toFixed(0)
  } s, the same clients to both.`
  return [
    played,
    "",
    ...table(heads, rows.map((row) => row.map((text) => span(text)))).map((line) => textOf(line).trimEnd()),
    "",
    ...say(
      `The plain forwarder tries the next address when one refuses, or does not connect within ${seconds(dialTimeoutMs)}.`
    ),
    ...say(`A client that has waited ${seconds(patienceMs)} for its first byte gives up and counts as failed.`),
    "",
    ...say(`Fairlead's record of this run (${record.entries} entries, ${record.decisions} decisions) was just replayed:`),
    ...say(`${record.outcome}; ${record.choices} clients' choices were admissible. Do it again with`),
    `  fairlead replay ${record.directory}`,
    ...complaints.flatMap((complaint) => say(`NOT GOOD: ${complaint}`))
  ].join("\n")
}

function milliseconds(value: number): string {
  return value < 0 ? "-" : `${number(value, value < 100 ? 1 : 0)} ms`
}
