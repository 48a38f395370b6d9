/** The record of each process replays to the same decisions and the same state. */
import { advance } from "../../../src/core/advance.ts"
import { stateDigest } from "../../../src/core/digest.ts"
import { toHex } from "../../../src/core/math/hash.ts"
import type { Entry } from "../../../src/core/model/Event.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

export const replay: MakeChecker = ({ met }): Checker => {
  let entries: Array<Entry> = []
  let digests: Array<string> = []
  return {
    began: () => void ([entries, digests] = [[], []]),
    folded: (_process, { entry, advanced: { digest } }) => {
      entries.push(entry)
      digests.push(digest === null ? "" : toHex(digest))
    },
    over: ({ core, state }) => {
      met("a process was replayed")
      // As from a file: nothing is shared with the run.
      const again = JSON.parse(JSON.stringify(entries)) as ReadonlyArray<Entry>
      let replayed = core.first
      again.forEach((entry, i) => {
        const { state: next, digest } = advance(replayed, entry)
        const is = digest === null ? "" : toHex(digest)
        mustHold(is === digests[i], () => `entry ${entry.seq} (${entry.event._tag}) replays to other decisions`)
        replayed = next
      })
      mustHold(toHex(stateDigest(replayed)) === toHex(stateDigest(state)), () => "the record replays to another state")
    }
  }
}
