/** The core without a shell: events come when they are posted, and ticks at the core's own deadlines. */
import type { Advanced } from "../core/advance.ts"
import { nextDeadline } from "../core/deadline.ts"
import type { Event } from "../core/model/Event.ts"
import { CoreRun } from "./CoreRun.ts"

export class CoreAlone extends CoreRun {
  atUs = 0

  post(event: Event): Advanced {
    return this.fold(event, this.atUs).advanced
  }

  /** Lets time pass, with a tick at each deadline, or with `late` only at the end. */
  pass(forUs: number, late = false, onTick: (atUs: number, advanced: Advanced) => void = () => {}): void {
    const untilUs = this.atUs + forUs
    for (let dueUs = nextDeadline(this.state); dueUs !== undefined && dueUs <= untilUs; dueUs = nextDeadline(this.state)) {
      this.atUs = late ? untilUs : Math.max(dueUs, this.atUs)
      onTick(this.atUs, this.post({ _tag: "Ticked", worker: 0 }))
    }
    this.atUs = untilUs
  }
}
