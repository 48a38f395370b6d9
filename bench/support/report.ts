/** What a bench prints: an aligned table with its aim, or with `--json` one document. */
import os from "node:os"
import process from "node:process"
import { parseArgs } from "node:util"
import type { Summaries, Summary } from "./rounds.ts"

export interface Aim {
  readonly what: string
  readonly figure: number
  readonly spread?: number
  readonly atMost?: number
  readonly atLeast?: number
}

export interface Report {
  readonly bench: string
  readonly about: string
  readonly rounds: number
  readonly results: Summaries
  readonly aims: ReadonlyArray<Aim>
}

/** `--rounds n` and `--json`, which all benches share. */
export function options(defaultRounds = 5): { readonly rounds: number; readonly json: boolean } {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, json: { type: "boolean" } } })
  const rounds = Math.max(3, Math.floor(Number(values.rounds ?? defaultRounds)) || defaultRounds)
  return { rounds, json: values.json === true }
}

export function runtime(): string {
  const deno = (process.versions as Record<string, string | undefined>)["deno"]
  return deno === undefined ? `node ${process.versions.node}` : `deno ${deno}`
}

export function print(report: Report, json: boolean): void {
  const machine = `${os.availableParallelism()} x ${os.cpus()[0]?.model.trim() ?? "?"}`
  if (json) return console.log(JSON.stringify({ runtime: runtime(), machine, ...report }))
  console.log(`${report.bench} on ${runtime()}, ${machine}, ${report.rounds} rounds\n${report.about}\n`)
  const rows = [["", "figure", "median", "least", "greatest", "spread"]]
  for (const [contender, figures] of Object.entries(report.results)) {
    for (const [figure, summary] of Object.entries(figures)) rows.push([contender, figure, ...cells(summary)])
  }
  console.log(aligned(rows))
  for (const aim of report.aims) console.log(`\n${verdictOf(aim)}`)
}

function cells({ median, least, greatest, spread }: Summary): ReadonlyArray<string> {
  return [short(median), short(least), short(greatest), `${(spread * 100).toFixed(0)} %`]
}

/** Three significant digits, without exponents. */
export function short(figure: number): string {
  const size = Math.abs(figure)
  return size >= 100 || Number.isInteger(figure) ? figure.toFixed(0) : size >= 10 ? figure.toFixed(1) : figure.toFixed(3)
}

function verdictOf({ what, figure, spread, atMost, atLeast }: Aim): string {
  const met = (atMost === undefined || figure <= atMost) && (atLeast === undefined || figure >= atLeast)
  const limit = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  const within = spread === undefined ? "" : ` +- ${(spread * 100).toFixed(0)} %`
  return `${what}: ${short(figure)}${within} (aim: ${limit}) ${met ? "met" : "MISSED"}`
}

/** Text to the left, numbers to the right. */
export function aligned(rows: ReadonlyArray<ReadonlyArray<string>>): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const cell = (text: string, i: number) => (i < 2 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n")
}
