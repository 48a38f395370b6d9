/** What the clients of one service, or of a simulated rival, saw of a trouble and of its end. */
import type { Setup } from "./setups.ts"
import type { Role, Trouble } from "./trouble.ts"
import { graceS, watchS } from "./trouble.ts"
import { quantile } from "./measure.ts"

/** Times since the first failure, in the clients' clock. */
export interface Glimpse {
  readonly startedMs: number
  readonly firstByteMs: number
  readonly by: Role | undefined
  readonly isFailed: boolean
}

export interface Observed {
  readonly trouble: Trouble
  /** A configuration, or the name of a rival. */
  readonly contender: Setup | string
  /** By the start of the client. */
  readonly seen: ReadonlyArray<Glimpse>
  /** Each time the best came back. */
  readonly returnsMs: ReadonlyArray<number>
  /** When the best first answered a handshake after its last return. */
  readonly acceptedMs: number
}

/** Infinity: not before the end of the watch. NaN: nothing to tell. */
export interface Figures {
  readonly p50BeforeMs: number
  readonly onBestBefore: number
  /** In the window that begins when the grace is over. */
  readonly onBest: number
  /** From when on 95 of 100 clients are on the best, of the next second and of all that are watched. */
  readonly mostOnBestS: number
  /** The start of the last client that failed, after the return; 0: none did. */
  readonly lastFailedS: number
  /** The start of the last client on the worst or a spare after the best had answered; 0: none. */
  readonly worstUntilS: number
  /** The best's first answer to this service, be it a handshake or a client's request. */
  readonly answeredS: number
  readonly usedAgainS: number
  /** Of flapping: the share on the best while the network is up, from the third second on: over all times, and the least. */
  readonly onBestUp: number
  readonly onBestUpLeast: number
}

const BEFORE_MS = 10_000
/** The most that the clients' own delays could explain. */
const GUARD_MS = 500
const WINDOW_MS = 10_000
const SLIDE_MS = 1_000
const ENOUGH = 0.95
const UP_FROM_MS = 2_000
const UP_UNTIL_MS = 5_000

export function figuresOf({ trouble, seen, returnsMs, acceptedMs }: Observed, leastWatchS: number): Figures {
  const returnMs = returnsMs.at(-1) ?? 0
  const answeredMs = Math.min(acceptedMs, servedMs(seen, returnMs))
  const untilMs = returnMs + watchS(trouble, leastWatchS) * 1000
  const before = within(seen, -BEFORE_MS, -GUARD_MS)
  const after = within(seen, returnMs, untilMs)
  const graceMs = graceS(trouble) * 1000
  const lastFailed = after.findLast(({ isFailed }) => isFailed)
  const lastOnWorst = after.findLast(({ by, startedMs }) => isWorst(by) && startedMs > answeredMs)
  const again = after.find(({ by }) => by === "best")
  const ups = trouble.kind !== "flap" ? [] : returnsMs.map((upMs) => within(seen, upMs + UP_FROM_MS, upMs + UP_UNTIL_MS))
  const isNeverOn = !Number.isFinite(answeredMs) && after.some(({ by }) => isWorst(by))
  return {
    p50BeforeMs: quantile(before.filter(({ isFailed }) => !isFailed).map(({ firstByteMs }) => firstByteMs), 0.5),
    onBestBefore: share(before),
    onBest: share(within(seen, returnMs + graceMs, returnMs + graceMs + WINDOW_MS)),
    mostOnBestS: (mostOnBest(after, untilMs) - returnMs) / 1000,
    lastFailedS: lastFailed === undefined ? 0 : (lastFailed.startedMs - returnMs) / 1000,
    worstUntilS: isNeverOn ? Infinity : lastOnWorst === undefined ? 0 : (lastOnWorst.startedMs - answeredMs) / 1000,
    answeredS: (answeredMs - returnMs) / 1000,
    usedAgainS: again === undefined ? Infinity : (again.startedMs - returnMs) / 1000,
    onBestUp: share(ups.flat()),
    onBestUpLeast: ups.length === 0 ? Number.NaN : Math.min(...ups.map(share))
  }
}

/** When the best first served a client again; a socket from before the trouble may have lived on. */
function servedMs(seen: ReadonlyArray<Glimpse>, returnMs: number): number {
  const endsMs = seen.filter(({ by }) => by === "best").map(({ startedMs, firstByteMs }) => startedMs + firstByteMs)
  return endsMs.reduce((least, endMs) => endMs >= returnMs ? Math.min(least, endMs) : least, Infinity)
}

const isWorst = (by: Role | undefined) => by === "worst" || by === "spare" || by === "lostSpare"

function within(seen: ReadonlyArray<Glimpse>, fromMs: number, untilMs: number): ReadonlyArray<Glimpse> {
  return seen.filter(({ startedMs }) => startedMs >= fromMs && startedMs < untilMs)
}

function share(seen: ReadonlyArray<Glimpse>): number {
  return seen.filter(({ by }) => by === "best").length / seen.length
}

/** When it begins that enough clients are on the best, in the second that follows and in all the rest. `after` is in order. */
function mostOnBest(after: ReadonlyArray<Glimpse>, untilMs: number): number {
  let onBest = after.filter(({ by }) => by === "best").length
  let onBestNext = 0
  let end = 0
  for (const [i, { startedMs, by }] of after.entries()) {
    if (startedMs + SLIDE_MS > untilMs) break
    for (; (after[end]?.startedMs ?? Infinity) < startedMs + SLIDE_MS; end++) if (after[end]?.by === "best") onBestNext++
    if (onBestNext / (end - i) >= ENOUGH && onBest / (after.length - i) >= ENOUGH) return startedMs
    if (by !== "best") continue
    onBest--
    onBestNext--
  }
  return Infinity
}
