/** What a run brought: its entries, and the core's decisions by kind with their moments. */
import type { Advanced } from "../core/advance.ts"
import type { Decision, DialWarm, Fact, Probe, Race, Resolve, SelectionMoved } from "../core/model/Decision.ts"
import type { Entry } from "../core/model/Event.ts"
import type { Folded } from "./CoreRun.ts"
import type { Begun } from "./UnderWay.ts"

export class Journal {
  readonly entries: Array<Entry> = []
  readonly advanced: Array<Advanced> = []
  readonly probes: Array<Begun<Probe>> = []
  readonly warmDials: Array<Begun<DialWarm>> = []
  readonly queries: Array<Begun<Resolve>> = []
  readonly races: Array<Begun<Race>> = []
  readonly facts: Array<Begun<Fact>> = []
  readonly moves: Array<Begun<SelectionMoved>> = []

  folded({ entry, advanced }: Folded): void {
    this.entries.push(entry)
    this.advanced.push(advanced)
  }

  decided(decision: Decision, atUs: number): void {
    switch (decision._tag) {
      case "Probe":
        return void this.probes.push({ ...decision, atUs })
      case "DialWarm":
        return void this.warmDials.push({ ...decision, atUs })
      case "Resolve":
        return void this.queries.push({ ...decision, atUs })
      case "Race":
        return void this.races.push({ ...decision, atUs })
      case "Retire":
        return
      default:
        this.facts.push({ ...decision, atUs })
        if (decision._tag === "SelectionMoved") this.moves.push({ ...decision, atUs })
    }
  }
}
