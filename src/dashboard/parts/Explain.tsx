/** Why these candidates serve and not the others, and what would change it, as the service explains it when asked. */
import { useState } from "preact/hooks"
import { clock } from "../format.ts"
import type { Explanation } from "../service/answers.ts"
import * as requests from "../service/requests.ts"

/** The set and the next by cost. `fairlead explain` has all of them. */
const CANDIDATES = 12

interface Props {
  readonly upstream: string
  readonly canAct: boolean
}

export function Explain({ upstream, canAct }: Props) {
  const [told, setTold] = useState<Explanation | null>(null)
  const [trouble, setTrouble] = useState("")
  const ask = async () => {
    try {
      setTold(await requests.explain(upstream, CANDIDATES))
      setTrouble("")
    } catch (cause) {
      setTrouble(cause instanceof requests.Refused ? cause.message : "The service does not answer.")
    }
  }
  return (
    <section class="explain">
      <div class="bar">
        <h4>Why these and not the others</h4>
        <button type="button" disabled={!canAct} onClick={ask}>{told === null ? "Explain" : "Explain anew"}</button>
        {told !== null && <button type="button" class="quiet" onClick={() => setTold(null)}>Hide</button>}
      </div>
      {trouble !== "" && <p class="trouble" role="alert">{trouble}</p>}
      {told !== null && (
        <div aria-live="polite">
          <p>
            {told.at.time === null ? "" : `At ${clock(told.at.time)}: `}
            {told.text}.
          </p>
          <ul>
            {told.candidates.map(({ id, why, change, active }) => (
              <li key={id} data-explained={id} class={active ? "member" : ""}>
                <b>{id}</b>
                <div>
                  {why}
                  {change !== null && change !== "" && <p>{change}</p>}
                </div>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}
