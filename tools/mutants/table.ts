/** Results as a table: a row for each folder, with the share of mutants that were killed and its interval. */
import type { Result, Status } from "./Mutant.ts"

/** The 97.5 % point of the normal distribution: 95 % lie between it and its negative. */
const Z = 1.96

/** Wilson's 95 % interval of a share of which `hits` of `all` were seen. */
export function interval(hits: number, all: number): readonly [least: number, most: number] {
  if (all === 0) return [0, 1]
  const share = hits / all
  const middle = share + Z ** 2 / (2 * all)
  const half = Z * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2))
  const whole = 1 + Z ** 2 / all
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)]
}

export const isKilled = ({ status }: { readonly status: Status }) => status === "killed" || status === "timeout"

/** `src/core/rules/pulse.ts` counts to `src/core/rules`, a file of a folder's first level to the folder itself. */
const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/"))
const topOf = (file: string) => file.split("/").slice(0, 2).join("/")

export function table(results: ReadonlyArray<Result>): string {
  const rows: Array<ReadonlyArray<string>> = [[
    "folder",
    "mutants",
    "killed",
    "timeout",
    "survived",
    "uncovered",
    "share",
    "95 %"
  ]]
  for (const [top, ofTop] of sorted(Map.groupBy(results, ({ file }) => topOf(file)))) {
    const folders = sorted(Map.groupBy(ofTop, ({ file }) => folderOf(file)))
    for (const [folder, some] of folders) if (folders.length > 1) rows.push(row(`  ${folder}`, some))
    rows.push(row(top, ofTop))
  }
  rows.push(row("all", results))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  return rows.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")
  ).join("\n")
}

const sorted = <V>(map: Map<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

function row(name: string, results: ReadonlyArray<Result>): ReadonlyArray<string> {
  const count = (status: Status) => results.filter((result) => result.status === status).length
  const hits = results.filter(isKilled).length
  const percent = (share: number) => (100 * share).toFixed(1)
  const [least, most] = interval(hits, results.length)
  return [
    name,
    ...[results.length, count("killed"), count("timeout"), count("survived"), count("uncovered")].map(String),
    results.length === 0 ? "-" : `${percent(hits / results.length)} %`,
    `${percent(least)} to ${percent(most)}`
  ]
}

/** A survivor in three lines: where it is, what was written there, and what no test tells from it. */
export function survivorText({ file, line, column, mutator, status, original, replacement }: Result): string {
  const brief = (text: string) => (text.length > 300 ? `${text.slice(0, 300)} …` : text).replaceAll("\n", "\n    ")
  return `${file}:${line}:${column} ${mutator} ${status}\n  - ${brief(original)}\n  + ${brief(replacement)}`
}
