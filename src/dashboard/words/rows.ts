/**
 * The rows of a time line. A suspicion and its end are one row, and brief ones in a row are one, because most suspicions end
 * within moments. The choice of a first candidate is none, because the move of the set beside it says as much.
 */
import { millis } from "../format.ts"
import type { Fact } from "../service/answers.ts"
import type { Told } from "./facts.ts"
import { tell } from "./facts.ts"

export interface Row extends Told {
  readonly fact: Fact
  /** A suspicion that did not last. */
  readonly isBrief?: boolean
}

/** `facts`: the latest first. The rows too. */
export function rowsOf(facts: ReadonlyArray<Fact>): ReadonlyArray<Row> {
  const rows: Array<Row> = []
  /** Candidates that are suspect no more, and where the row is that says so. */
  const ends = new Map<string, number>()
  for (const fact of facts) {
    if (fact.kind === "IpPoolSelection") continue
    const end = fact.kind === "Suspected" ? ends.get(fact.candidate) : undefined
    const last = end === undefined ? undefined : rows[end]
    if (fact.kind === "Suspected" && end !== undefined && last !== undefined) {
      ends.delete(fact.candidate)
      rows[end] = { ...last, ...over(fact, last.fact) }
      continue
    }
    if (fact.kind === "Cleared") ends.set(fact.candidate, rows.length)
    rows.push({ fact, ...tell(fact) })
  }
  return together(rows)
}

/** A suspicion that lasted for less says little. */
const BRIEF_MS = 1_000

/** Brief suspicions that follow each other, with the fact of the latest. */
function together(rows: ReadonlyArray<Row>): ReadonlyArray<Row> {
  const found: Array<Row> = []
  let run: Array<Row> = []
  const end = () => {
    const [latest, ...others] = run
    if (latest !== undefined) found.push(others.length === 0 ? latest : { ...latest, ...brief(run) })
    run = []
  }
  for (const row of rows) {
    if (row.isBrief === true) run.push(row)
    else {
      end()
      found.push(row)
    }
  }
  end()
  return found
}

function brief(run: ReadonlyArray<Row>): Partial<Told> {
  const labels = run.map(({ fact }) => fact.kind === "Cleared" ? fact.candidate : "")
  const names = [...new Set(labels)].map((label) => {
    const times = labels.filter((one) => one === label).length
    return times === 1 ? label : `${label} ${times} times`
  })
  return { title: `${run.length} suspicions, each for less than a second`, details: [`${names.join(", ")}.`] }
}

/** A suspicion that is over. */
function over(began: Extract<Fact, { readonly kind: "Suspected" }>, ended: Fact): Omit<Row, "fact" | "topic"> {
  const tookMs = Date.parse(ended.at) - Date.parse(began.at)
  return {
    tone: "plain",
    isBrief: tookMs < BRIEF_MS,
    title: `${began.candidate} was suspect ${tookMs < 1 ? "for a moment" : `for ${millis(tookMs)}`}`,
    details: tell(began).details
  }
}
