/** Recorded runs still decide the same, and would not if anything in the core were changed. */
import * as fs from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { hash } from "../../src/core/math/hash.ts"
import { link } from "../../src/record/codec.ts"
import { Replay } from "../../src/record/replay.ts"
import type { Verdict } from "../../src/record/Verdict.ts"
import { chainStart } from "../../src/record/write.ts"
import type { Change } from "../support/changedCore.ts"
import { changedReplay, removeChangedCores } from "../support/changedCore.ts"
import { linesOf, textOf } from "../support/segments.ts"
import { historyFile, recordOf, worlds } from "./worlds.ts"

const files = fs.readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".ndjson")).toSorted()
const histories = worlds.map(({ name }) => ({
  name,
  texts: files.filter((file) => file.startsWith(`${name}-`)).map((file) =>
    fs.readFileSync(new URL(file, import.meta.url), "utf8")
  )
}))

function verdictOf(texts: ReadonlyArray<string>, replay: Replay = new Replay()): Verdict {
  texts.forEach((text, i) => {
    replay.segment(i + 1)
    for (const line of linesOf(text)) replay.line(line)
    replay.segmentEnd(0, true)
  })
  return replay.verdict()
}

it("the recorded histories stay below 1.75 MB in all", () => {
  expect(histories.flatMap(({ texts }) => texts).join("").length).toBeLessThan(1_750_000)
})

describe.each(histories)("the history $name", ({ name, texts }) => {
  it("replays to the decisions that were recorded", () => {
    const verdict = verdictOf(texts)
    expect(verdict).toMatchObject({ outcome: "verified", problem: null, gaps: [] })
    expect(verdict.entries).toBeGreaterThan(100)
    expect(verdict.moves.length).toBeGreaterThan(2)
    expect(verdict.choices).toMatchObject({ unjudged: 0 })
    expect(verdict.segments.map(({ end }) => end)).toEqual([...texts.slice(1).map(() => "continued"), "closed"])
  })

  it("is made again by its script, byte for byte, on this runtime", () => {
    const world = worlds.find((one) => one.name === name)!
    expect(recordOf(world).map((text) => hash(text))).toEqual(texts.map((text) => hash(text)))
    expect(files.filter((file) => file.startsWith(`${name}-`))).toEqual(texts.map((_, i) => historyFile(name, i + 1)))
  })

  it("is found altered when one digit of a measurement is changed", () => {
    texts.forEach((text, segment) => {
      const altered = text.replace(/"tookUs":(\d)/, (_, digit: string) => `"tookUs":${(Number(digit) + 1) % 10}`)
      expect(altered).not.toBe(text)
      expect(verdictOf(texts.with(segment, altered))).toMatchObject({
        outcome: "altered",
        problem: { segment: segment + 1 }
      })
    })
  })

  it("diverges when a measurement is changed and the chain made right again", () => {
    let chain = chainStart(1)
    let forged = 0
    const lines = linesOf(texts[0]!).map((line) => {
      const body = line.replace(/,"chain":"[0-9a-f]{16}"}$/, "")
      const other = forged === 0
        ? body.replace(/^(.*"ProbeSucceeded".*"tookUs":)(\d+)/, (_, head, us) => head + (Number(us) + 1))
        : body
      if (other !== body) forged++
      const linked = link(chain, other)
      chain = linked.chain
      return linked.text.slice(0, -1)
    })
    expect(forged).toBe(1)
    expect(verdictOf([textOf(lines), ...texts.slice(1)])).toMatchObject({ outcome: "diverged", problem: { segment: 1 } })
  })
})

describe("a changed constant of the core", () => {
  afterAll(removeChangedCores)

  const inScore = (from: string, to: string): Change => ({ file: "core/reducers/score.ts", from, to })
  const inCost = (from: string, to: string): Change => ({ file: "core/candidate/cost.ts", from, to })
  const inBlame = (from: string, to: string): Change => ({ file: "core/candidate/blame.ts", from, to })
  const inTrials = (from: string, to: string): Change => ({ file: "core/trials.ts", from, to })
  const inCommonTrials = (from: string, to: string): Change => ({ file: "core/rules/commonTrials.ts", from, to })
  const inDispatch = (from: string, to: string): Change => ({ file: "core/rules/dispatch.ts", from, to })
  const inRounds = (from: string, to: string): Change => ({ file: "core/rules/probeRounds.ts", from, to })
  const inFirstByte = (from: string, to: string): Change => ({ file: "core/slowFirstByte.ts", from, to })
  const inBrokenSessions = (from: string, to: string): Change => ({ file: "core/rules/brokenSessions.ts", from, to })
  const inSlowHandshake = (from: string, to: string): Change => ({ file: "core/slowHandshake.ts", from, to })
  const inWarmPart = (from: string, to: string): Change => ({ file: "core/candidate/warm.ts", from, to })
  const inWarm = (from: string, to: string): Change => ({ file: "core/reducers/warm.ts", from, to })
  const inWarmFill = (from: string, to: string): Change => ({ file: "core/rules/warmFill.ts", from, to })
  const inSuspicionPart = (from: string, to: string): Change => ({ file: "core/candidate/suspicion.ts", from, to })
  const inBreakerPart = (from: string, to: string): Change => ({ file: "core/candidate/breaker.ts", from, to })
  const inBreaker = (from: string, to: string): Change => ({ file: "core/reducers/breaker.ts", from, to })
  const inMembership = (from: string, to: string): Change => ({ file: "core/reducers/membership.ts", from, to })
  const inPulse = (from: string, to: string): Change => ({ file: "core/rules/pulse.ts", from, to })
  const inUnreached = (from: string, to: string): Change => ({ file: "core/unreached.ts", from, to })
  const inRenewal = (from: string, to: string): Change => ({ file: "core/reducers/renewal.ts", from, to })
  const changes: ReadonlyArray<Change> = [
    inCost("SUCCESS_FLOOR = 0.05", "SUCCESS_FLOOR = 0.06"),
    inCost("FULL_REWARD_STREAK = 20", "FULL_REWARD_STREAK = 21"),
    inCost("LEAST_WINDOW_MS = 2000", "LEAST_WINDOW_MS = 2100"),
    inCost("MOST_SAMPLES = 32", "MOST_SAMPLES = 16"),
    inCost("config.probing.intervalMs / 2", "config.probing.intervalMs / 2.1"),
    inCost("(100 * referenceMs)", "(60 * referenceMs)"),
    inCost("+ upper) / 2", "+ upper) / 2.001"),
    inScore("config.scoreTtlMs * 1000,", "config.scoreTtlMs * 1001,"),
    inScore("MOST_COMPARED = 8", "MOST_COMPARED = 1"),
    inBlame("(atUs - penalty.atUs) / 1000", "(atUs - penalty.atUs) / 1001"),
    inBlame("FORGIVING_STREAK = 10", "FORGIVING_STREAK = 9"),
    inBlame("const STAKES = 2", "const STAKES = 3"),
    inBlame("LEAST_STAKE_MS = 20", "LEAST_STAKE_MS = 25"),
    inBlame("EPISODE_US = 1_000_000", "EPISODE_US = 800_000"),
    inBlame("LEAST_PENALTY_MS = 0.5", "LEAST_PENALTY_MS = 0.7"),
    inBlame("FADES_PER_DECAY = 2", "FADES_PER_DECAY = 3"),
    inTrials("TRIALS_EACH = 2", "TRIALS_EACH = 3"),
    inTrials("AGAIN_US = 500_000", "AGAIN_US = 510_000"),
    inTrials("GOOD_RATE = 0.9", "GOOD_RATE = 0.8"),
    inCommonTrials("TRIAL_US = 1_000_000", "TRIAL_US = 1_010_000"),
    inCommonTrials("LASTED_PER_TRIAL = 64", "LASTED_PER_TRIAL = 60"),
    inCommonTrials("TRIED_AT_ONCE = 4", "TRIED_AT_ONCE = 3"),
    inCommonTrials("CLIENT_TRIALS = 5", "CLIENT_TRIALS = 6"),
    inDispatch("LOOK_AHEAD = 32", "LOOK_AHEAD = 31"),
    inRounds("candidate.lastSampleAtUs > atUs - intervalUs / 2", "candidate.lastSampleAtUs > atUs - intervalUs / 1.2"),
    inRounds("sinceUs > atUs - intervalUs / 2", "sinceUs > atUs - intervalUs / 1.2"),
    inDispatch("(maxParallel - 1) * gapUs", "maxParallel * gapUs"),
    inDispatch("1_000_000 / ratePerSecond", "1_001_000 / ratePerSecond"),
    inRounds("probing.intervalMs * 1000", "probing.intervalMs * 1001"),
    inUnreached("intervalUs = probing.intervalMs * 1000", "intervalUs = probing.intervalMs * 1001"),
    inUnreached("ROUNDS = 2", "ROUNDS = 3"),
    inUnreached("MOST_TTLS = 6", "MOST_TTLS = 7"),
    inRounds("const intervalUs = intervalMs * 1000", "const intervalUs = intervalMs * 1001"),
    { file: "core/rules/eligible.ts", from: "MOST_PASSED_OVER = 64", to: "MOST_PASSED_OVER = 32" },
    { file: "core/reducers/selector.ts", from: "evaluationIntervalMs * 1000", to: "evaluationIntervalMs * 1001" },
    { file: "core/samples.ts", from: "tookUs / 1000", to: "tookUs / 1001" },
    { file: "core/samples.ts", from: "LEAST_OF_USUAL = 0.9", to: "LEAST_OF_USUAL = 1.1" },
    { file: "core/samples.ts", from: "RESENT_MS / 2", to: "RESENT_MS / 200" },
    { file: "core/frozen.ts", from: "RUSH_US = 1_000_000", to: "RUSH_US = 300_000" },
    { file: "core/frozen.ts", from: "MOST_OF_LATENCY = 1.25", to: "MOST_OF_LATENCY = 2.5" },
    { file: "core/math/decay.ts", from: "TERMS = 14", to: "TERMS = 5" },
    { file: "core/math/decay.ts", from: "TERMS = 14", to: "TERMS = 9" },
    { file: "core/math/Ewma.ts", from: "(atUs - ewma.atUs) / 1000", to: "(atUs - ewma.atUs) / 1001" },
    { file: "core/math/SuccessWindow.ts", from: "BUCKETS = 10", to: "BUCKETS = 9" },
    { file: "core/math/SuccessWindow.ts", from: "windowMs * 100", to: "windowMs * 101" },
    inBlame("held(streak) + 1)", "held(streak) + 2)"),
    { file: "core/deadline.ts", from: "MOST_DUE = 256", to: "MOST_DUE = 128" },
    { file: "core/candidates.ts", from: "BACKLOG = 2 ** 52", to: "BACKLOG = 1" },
    { file: "core/model/Candidate.ts", from: "SLOTS = 0x10_0000", to: "SLOTS = 0x8_0000" },
    inCost("LEAST_WINDOW_VALUE_MS = 0.1", "LEAST_WINDOW_VALUE_MS = 2"),
    inSlowHandshake("const LATENCIES = 3", "const LATENCIES = 4"),
    inSlowHandshake("LEAST_PENDING_MS = 100", "LEAST_PENDING_MS = 120"),
    inSlowHandshake("20 * unit < pending", "18 * unit < pending"),
    inSuspicionPart("LEAST_SILENCE_US = 300_000", "LEAST_SILENCE_US = 350_000"),
    { file: "core/oldestWait.ts", from: "one < oldestUs", to: "one > oldestUs" },
    { file: "core/oldestWait.ts", from: "one > aliveAtUs", to: "one > 0" },
    { file: "core/panic.ts", from: "hasListOnly ? then : []", to: "then" },
    { file: "core/panic.ts", from: "shut >= listed.length - 1", to: "shut >= listed.length" },
    { file: "core/panic.ts", from: "consecutive >= failureThreshold", to: "consecutive > failureThreshold" },
    { file: "core/panic.ts", from: "trouble.failures >= Up", to: "trouble.failures > Up" },
    inFirstByte("LEAST_SHARED_SILENCE_MS = 100", "LEAST_SHARED_SILENCE_MS = 120"),
    { file: "core/rules/waits.ts", from: "SILENT_TOGETHER = 2", to: "SILENT_TOGETHER = 3" },
    inBrokenSessions("LEAST_WARM = 4", "LEAST_WARM = 5"),
    inWarmPart("RESET_TOGETHER_US = 100_000", "RESET_TOGETHER_US = 90_000"),
    inBrokenSessions("resets * 2 >= readyAtFirst", "resets * 1.5 >= readyAtFirst"),
    { file: "core/rules/suspects.ts", from: "LAPSE_TRIALS = 5", to: "LAPSE_TRIALS = 6" },
    { file: "core/rules/suspects.ts", from: "MOST_RENEWALS = 32", to: "MOST_RENEWALS = 1" },
    inFirstByte("FIRST_BYTE_DECAY_MS = 60_000", "FIRST_BYTE_DECAY_MS = 30_000"),
    inFirstByte("upstream.silentAfterMs / 5", "upstream.silentAfterMs / 50"),
    inWarmPart("REFILL_LATENCIES = 2", "REFILL_LATENCIES = 3"),
    inWarmPart("LEAST_REFILL_MS = 10", "LEAST_REFILL_MS = 12"),
    inWarmPart("PEAK_DECAY_MS = 60_000", "PEAK_DECAY_MS = 50_000"),
    inWarm("BACKOFF_FIRST_MS = 100", "BACKOFF_FIRST_MS = 110"),
    inWarm("BACKOFF_MOST_MS = 5_000", "BACKOFF_MOST_MS = 6_000"),
    inWarmFill("HALVING_US = 1_000_000", "HALVING_US = 1_100_000"),
    { file: "core/rules/warmAge.ts", from: "drawn / 5", to: "drawn / 4" },
    { file: "core/rules/brief.ts", from: "FIRST_MS = 250", to: "FIRST_MS = 260" },
    { file: "core/rules/brief.ts", from: "LONG_QUEUE = 4", to: "LONG_QUEUE = 1" },
    { file: "core/search.ts", from: "FIRST_MS = 125", to: "FIRST_MS = 135" },
    { file: "core/search.ts", from: "MOST_LOOKED = 1024", to: "MOST_LOOKED = 70" },
    inBreakerPart("RAMP_STEPS = 10", "RAMP_STEPS = 9"),
    inBreaker("BLAMES_A_MINUTE = 2", "BLAMES_A_MINUTE = 3"),
    inBreakerPart("MINUTE_US = 60_000_000", "MINUTE_US = 59_000_000"),
    { file: "core/cooldown.ts", from: "atUs - closedAtUs >= openForMs * 1000", to: "atUs > closedAtUs" },
    inBreaker("(state, candidate).probing.intervalMs * 1000", "(state, candidate).probing.intervalMs * 1100"),
    inMembership("RETRY_US = 5_000_000", "RETRY_US = 4_000_000"),
    { file: "core/rules/forgetting.ts", from: "LINGER_US = 60_000_000", to: "LINGER_US = 50_000_000" },
    { file: "core/math/backoff.ts", from: "draw / 10", to: "draw / 9" },
    { file: "core/serving.ts", from: "LOOK_AHEAD = 64", to: "LOOK_AHEAD = 1" },
    { file: "core/rules/hysteresis.ts", from: "MOST_CHALLENGES = 8", to: "MOST_CHALLENGES = 1" },
    { file: "core/rules/hysteresis.ts", from: "holdMs * 1000", to: "holdMs * 1100" },
    { file: "core/routes.ts", from: "count++ * raceDelayMs", to: "count++ * 1.5 * raceDelayMs" },
    inPulse("LEAST_SILENCE_WINDOW_US = 2_000_000", "LEAST_SILENCE_WINDOW_US = 2_100_000"),
    { file: "core/rules/silenceWindow.ts", from: "timeoutMs * 1000", to: "timeoutMs * 1050" },
    inPulse("PULSE_US = 250_000", "PULSE_US = 251_000"),
    inPulse("ASKED = 2", "ASKED = 1"),
    inPulse("OUTAGE_TIMEOUT_MS = 700", "OUTAGE_TIMEOUT_MS = 701"),
    { file: "core/reducers/autoDisable.ts", from: "ENOUGH = 2", to: "ENOUGH = 1" },
    { file: "core/reducers/autoDisable.ts", from: "roundMs * 1000", to: "roundMs * 1100" },
    { file: "core/reducers/autoDisable.ts", from: "cooldownMs * 1000", to: "cooldownMs * 1001" },
    inRenewal("LEAST_SHARE = 0.5", "LEAST_SHARE = 0.51"),
    inRenewal("DRAWN_SHARE = 0.1", "DRAWN_SHARE = 0.11"),
    inRenewal("2 * scoreTtlMs", "2.01 * scoreTtlMs"),
    { file: "core/reducers/history.ts", from: "measuredMs + scoreTtlMs", to: "measuredMs + 1.1 * scoreTtlMs" },
    { file: "core/reducers/identity.ts", from: "scoreTtlMs * 1000", to: "scoreTtlMs * 600" },
    { file: "core/rules/turning.ts", from: '"backlog", step.at', to: '"urgent", step.at' },
    { file: "core/reducers/reload.ts", from: "is.probing.intervalMs * 1000", to: "is.probing.intervalMs * 1001" },
    { file: "core/greetingPorts.ts", from: "[22, 25,", to: "[25," },
    { file: "core/race.ts", from: "Math.ceil(deadlineMs", to: "Math.ceil(2 * deadlineMs" },
    { file: "core/history.ts", from: "b.measuredMs - a.measuredMs", to: "a.measuredMs - b.measuredMs" },
    { file: "core/math/Lifetime.ts", from: "* 7) / 10", to: "* 8) / 10" },
    { file: "core/pick.ts", from: "(routes.tolerancePercent / 100)", to: "(routes.tolerancePercent / 10_000)" }
  ]

  /** For each file the histories that diverged by changes of it, the last one first: they are tried first, which saves time. */
  const telling = new Map<string, ReadonlyArray<typeof histories[number]>>()

  it("makes the difference: without a change every history is verified", async () => {
    const inDecay: Change = { file: "core/math/decay.ts", from: "TERMS = 14", to: "TERMS = 14" }
    for (const Unchanged of [await changedReplay(null), await changedReplay(inDecay)]) {
      for (const { texts } of histories) expect(verdictOf(texts, new Unchanged()).outcome).toBe("verified")
    }
  })

  // The runtime makes no difference here, as all histories verify on both: changes are tried on Node alone.
  it.each("Deno" in globalThis ? [] : changes)("$from -> $to makes a history diverge", async (change) => {
    const Changed = await changedReplay(change)
    const outcomes: Array<string> = []
    const likely = telling.get(change.file) ?? []
    for (const history of new Set([...likely, ...histories])) {
      outcomes.push(verdictOf(history.texts, new Changed()).outcome)
      if (!outcomes.includes("diverged")) continue
      telling.set(change.file, [history, ...likely])
      break
    }
    expect(outcomes).toContain("diverged")
    expect(outcomes).not.toContain("altered")
  })

  it("is refused when its file does not contain the text to change", async () => {
    await expect(changedReplay({ file: "core/step.ts", from: "no such text", to: "" })).rejects.toThrow(/0 times/)
  })
})
