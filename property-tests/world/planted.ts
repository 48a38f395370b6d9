/** Bugs for the world to find: each is one changed text of one source file, with the rule that has to notice it. */
import type { Change } from "../../test/support/changedCore.ts"

export interface Planted extends Change {
  readonly bug: string
  /** The checker that finds it. */
  readonly by: string
  /** A seed in which it is found. */
  readonly seed: number
}

export const PLANTED: ReadonlyArray<Planted> = [
  {
    bug: "a warm socket stays in the pool when a client takes it",
    by: "sockets",
    seed: 4,
    file: "plane/WarmPool.ts",
    from: "this.#remove(row, one)\n      if (one.socket.isAliveUnsafe()) return one",
    to: "if (one.socket.isAliveUnsafe()) return one\n      this.#remove(row, one)"
  },
  {
    bug: "a warm socket that is too old is forgotten and left open",
    by: "sockets",
    seed: 14,
    file: "plane/WarmPool.ts",
    from: "    socket.closeUnsafe()\n    const ageUs",
    to: '    if (reason !== "expired") socket.closeUnsafe()\n    const ageUs'
  },
  {
    bug: "the end of a session that its upstream reset is not told",
    by: "sessions",
    seed: 21,
    file: "plane/Forward.ts",
    from: "control.postUnsafe(closed(ports, client, candidate, acceptedUs, relayed))",
    to: 'if (relayed.cause !== "upstream-reset") control.postUnsafe(closed(ports, client, candidate, acceptedUs, relayed))'
  },
  {
    bug: "an open breaker closes when its trial is due, untried",
    by: "breakers",
    seed: 20,
    file: "core/reducers/breaker.ts",
    from: "next = tryAgain(next, step, candidate)",
    to: 'next = candidate.breaker.state === "open" ? close(next, step, candidate) : tryAgain(next, step, candidate)'
  },
  {
    bug: "an address that access denies is listed",
    by: "routes",
    seed: 14,
    file: "core/rules/admission.ts",
    from: "    return refusal === undefined\n",
    to: "    return true\n"
  },
  {
    bug: "a member that left stays in the routes",
    by: "routes",
    seed: 20,
    file: "core/routes.ts",
    from: "if (before !== undefined && same(before, after)) continue",
    to: "if (before !== undefined && (same(before, after) || after.members.length < before.members.length)) continue"
  },
  {
    bug: "one probe more a burst than the rate allows",
    by: "probes",
    seed: 4,
    file: "core/rules/dispatch.ts",
    from: "const burstUs = (maxParallel - 1) * gapUs",
    to: "const burstUs = maxParallel * gapUs"
  },
  {
    bug: "a name is resolved ten times later than it should be",
    by: "names",
    seed: 4,
    file: "core/reducers/membership.ts",
    from: "const after = Resolving.answered(upstream, step.at + waitUs,",
    to: "const after = Resolving.answered(upstream, step.at + 10 * waitUs,"
  },
  {
    bug: "a name is never resolved again",
    by: "invariants",
    seed: 4,
    file: "core/reducers/membership.ts",
    from: "const after = Resolving.answered(upstream, step.at + waitUs,",
    to: "const after = Resolving.answered(upstream, -1,"
  },
  {
    bug: "one success takes the blame of two away",
    by: "selection",
    seed: 4,
    file: "core/candidate/blame.ts",
    from: "success, streak: candidate.streak + 1 }",
    to: "success, streak: candidate.streak + 2 }"
  },
  {
    bug: "the hold of a member ends a second early",
    by: "selection",
    seed: 4,
    file: "core/rules/hysteresis.ts",
    from: "config.selector.switching.holdMs * 1000 - (",
    to: "(config.selector.switching.holdMs - 1_000) * 1000 - ("
  },
  {
    bug: "a plan gives up after its first attempt",
    by: "served",
    seed: 4,
    file: "core/routes.ts",
    from: "return { attempts: plan.attempts, deadlineMs }",
    to: "return { attempts: plan.attempts.slice(0, 1), deadlineMs }"
  },
  {
    bug: "the penalty of a failure does not fade",
    by: "recovery",
    seed: 47,
    file: "core/candidate/blame.ts",
    from: "if (penalty.atUs < 0 || streak >= FORGIVING_STREAK) return 0",
    to: "return penalty.atUs < 0 ? 0 : penalty.value"
  },
  {
    bug: "clients go to the dearest member",
    by: "regret",
    seed: 89,
    file: "core/pick.ts",
    from: "lowestMs < 0 || expectedMs < lowestMs",
    to: "lowestMs < 0 || expectedMs > lowestMs"
  },
  {
    bug: "the core draws by chance that no record has",
    by: "replay",
    seed: 20,
    file: "core/trials.ts",
    from: "jitteredMs(fullMs, drawn.value)",
    to: "jitteredMs(fullMs, Math.random())"
  }
]
