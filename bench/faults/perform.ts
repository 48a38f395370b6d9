/** Lets faults happen one after the other, with calm between, and judges each. */
import { setTimeout as pause } from "node:timers/promises"
import { Counts } from "../../src/apps/soak/Tally.ts"
import { command } from "../../test/support/command.ts"
import type { Fault, Proof } from "./Fault.ts"
import type { Judged } from "./Stage.ts"
import { nowMs, Stage } from "./Stage.ts"

export interface Row {
  readonly fault: Fault
  readonly counts: Counts
  /** From its beginning to the proof; undefined: it was not noticed. */
  readonly noticedMs: number | undefined
  /** From its end to the proof that it is over; undefined: that did not come. */
  readonly overMs: number | undefined
  /** To the time from which on nine of ten clients were on the best. */
  readonly calmMs: number | undefined
  readonly wrong: ReadonlyArray<string>
  /** The latest timer of the bench meanwhile. */
  readonly lateMs: number
}

/** A timer that comes later shows a machine that is too busy to judge by. */
export const MOST_LATE_MS = 250

/** A fault that has ended may be noticed this much later. */
const LATE_MS = 2_000
const LOOK_EVERY_MS = 100
/** Clients have to be on the best again so soon, for the next fault to begin. */
const CALM_WITHIN_MS = 30_000
/** Of those that could be served, in one row: a single client is nearly half a percent. */
const LEAST_SERVED = 0.99

interface Window {
  readonly fromMs: number
  readonly untilMs: number
  readonly row: Omit<Row, "counts" | "wrong" | "lateMs">
  readonly wrong: ReadonlyArray<string>
}

/** All faults of one service. Clients that came between two faults count for the earlier one. */
export async function performAll(
  stage: Stage,
  faults: ReadonlyArray<Fault>,
  tell: (text: string) => void
): Promise<ReadonlyArray<Row>> {
  const [first] = faults
  if (first === undefined) return []
  const windows: Array<Window> = []
  try {
    await stage.begin(first.kind)
    for (const fault of faults) {
      tell(fault.name)
      windows.push(await perform(stage, fault))
    }
    await stage.quiet()
    const unverified = await verify(stage)
    return windows.map(({ row, wrong, fromMs, untilMs }, i) => {
      const end = windows[i + 1]?.fromMs ?? untilMs
      const counts = countsOf(stage.clients, fromMs, end)
      const lateMs = stage.latestTimer(fromMs, end)
      return {
        ...row,
        counts,
        lateMs,
        wrong: [...wrong, ...verdictOf(row, counts), ...(i === windows.length - 1 ? unverified : [])]
      }
    })
  } catch (error) {
    // The service does not start, or a part of the bench has failed: the faults that follow have a service of their own.
    const wrong = [messageOf(error)]
    const row = { noticedMs: undefined, overMs: undefined, calmMs: undefined, wrong, lateMs: 0 }
    return faults.map((fault) => ({ fault, counts: new Counts(), ...row }))
  } finally {
    await stage.quiet()
    await stage.service.end("SIGKILL")
  }
}

async function perform(stage: Stage, fault: Fault): Promise<Window> {
  const fromMs = nowMs()
  let isOver = false
  const happening = fault.happen(stage).finally(() => (isOver = true))
  const noticed = watch(stage, fault.noticed, fromMs, () => isOver)
  const wrong: Array<string> = []
  const endedMs = await happening.catch((error) => {
    wrong.push(messageOf(error))
    return nowMs()
  })
  const overAtMs = await within(stage, fault.over ?? onBest, endedMs, fault.withinMs)
  const calmAtMs = await stage.calm(CALM_WITHIN_MS, endedMs)
  const noticedAtMs = await noticed
  const more = fault.wrong?.(stage, fromMs)
  if (more !== undefined) wrong.push(more)
  return {
    fromMs,
    untilMs: nowMs(),
    row: {
      fault,
      noticedMs: noticedAtMs === undefined ? undefined : Math.max(0, noticedAtMs - fromMs),
      overMs: overAtMs === undefined ? undefined : Math.max(0, overAtMs - endedMs),
      calmMs: calmAtMs === undefined ? undefined : calmAtMs - endedMs
    },
    wrong
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const onBest: Proof = { says: "a client is on the best", seen: (stage, sinceMs) => stage.onBest(sinceMs) }

/** Until it is seen, or the fault has been over for a while. */
async function watch(stage: Stage, proof: Proof, sinceMs: number, isOver: () => boolean): Promise<number | undefined> {
  for (let giveUpMs = Number.POSITIVE_INFINITY; nowMs() < giveUpMs;) {
    const atMs = await proof.seen(stage, sinceMs)
    if (atMs !== undefined) return atMs
    if (isOver() && giveUpMs === Number.POSITIVE_INFINITY) giveUpMs = nowMs() + LATE_MS
    await pause(LOOK_EVERY_MS)
  }
  return undefined
}

async function within(stage: Stage, proof: Proof, sinceMs: number, withinMs: number): Promise<number | undefined> {
  while (nowMs() < sinceMs + withinMs) {
    const atMs = await proof.seen(stage, sinceMs)
    if (atMs !== undefined) return atMs
    await pause(LOOK_EVERY_MS)
  }
  return undefined
}

function countsOf(clients: ReadonlyArray<Judged>, fromMs: number, untilMs: number): Counts {
  const counts = new Counts()
  for (const client of clients) if (client.arrivedMs >= fromMs && client.arrivedMs < untilMs) counts.add(client)
  return counts
}

/** Of those that could be served. */
export function shareServed({ served, failed }: Pick<Counts, "served" | "failed">): number {
  return served + failed === 0 ? 1 : served / (served + failed)
}

function verdictOf(
  { fault, noticedMs, overMs, calmMs }: Omit<Row, "counts" | "wrong" | "lateMs">,
  counts: Counts
): ReadonlyArray<string> {
  const wrong: Array<string> = []
  if (noticedMs === undefined) wrong.push(`missing: ${fault.noticed.says}`)
  if (overMs === undefined) wrong.push(`not within ${fault.withinMs / 1000} s: ${(fault.over ?? onBest).says}`)
  if (calmMs === undefined) wrong.push(`nine of ten clients are not on the best ${CALM_WITHIN_MS / 1000} s later`)
  if (counts.corrupted > 0) wrong.push(`${counts.corrupted} streams are not what was sent`)
  if (shareServed(counts) < LEAST_SERVED) wrong.push(`${counts.failed} of ${counts.served + counts.failed} clients failed`)
  return wrong
}

/** The record of the whole service is replayed. */
async function verify({ service }: Stage): Promise<ReadonlyArray<string>> {
  const { code, stdout, stderr } = await command(["replay", `${service.state}/log`])
  return code === 0 ? [] : [`the record does not verify: ${stdout}${stderr}`]
}
