/** Which file of the core writes which field of an upstream, and which files read the requests of a step. */
import { oneWriterEach } from "./owners.ts"
import type { Rule } from "./rules.ts"
import { codeOf } from "./sources.ts"

const MAKER = "src/core/initial.ts"

export const upstreamOwners: Rule = oneWriterEach({
  record: "Upstream",
  model: "src/core/model/Upstream.ts",
  maker: MAKER,
  parts: {
    [MAKER]: ["id"],
    "src/core/upstream/activeSet.ts": [
      "members",
      "memberSinceUs",
      "challenges",
      "stale",
      "staleDueUs",
      "selectedAtUs",
      "filledAtUs",
      "displaced",
      "evaluateDueUs"
    ],
    "src/core/upstream/answers.ts": ["answered", "firstByte", "silentAfterMs"],
    "src/core/upstream/firstUse.ts": ["race", "pausedUntilUs", "searchUntilUs", "searched", "usedAtUs"],
    "src/core/upstream/kept.ts": ["kept"],
    "src/core/upstream/list.ts": [
      "name",
      "listed",
      "fallback",
      "left",
      "nextOrdinal",
      "unsampled",
      "untried",
      "shut",
      "refused"
    ],
    "src/core/upstream/priors.ts": ["priors", "priorsDueUs"],
    "src/core/upstream/resolving.ts": ["resolve", "resolveDueUs", "partial", "unresolvedSinceUs"],
    "src/core/upstream/rounds.ts": ["roundDueUs", "preheatSinceUs", "unheardSinceUs", "heardAtUs", "renewDueUs"],
    "src/core/upstream/tlsStages.ts": ["tlsStages"],
    "src/core/upstream/trouble.ts": ["trouble", "returnedAtUs"],
    "src/core/upstream/lives.ts": ["lives"],
    "src/core/upstream/warmPools.ts": ["warmPools"]
  },
  others: /(^|\.)(minted|template|configured|slot)$/
})

const READERS = ["requests", "stages", "step", "model/Step"].map((name) => `src/core/${name}.ts`)

/** Reducers make requests by functions; only the step and its stages read them, so that the phases tell the order. */
export const requestsAreOneWay: Rule = (sources) =>
  sources.filter(({ path }) => path.startsWith("src/core/") && !READERS.includes(path)).flatMap(({ path, text }) =>
    /(?<!\w)requests(?!\w)/.test(codeOf(text)) ? [`${path} reads the requests of a step`] : []
  )
