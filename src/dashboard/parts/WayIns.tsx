/** The listeners: where clients come in. */
import { count } from "../format.ts"
import type { Status } from "../service/answers.ts"

export function WayIns({ status: { listeners } }: { readonly status: Status }) {
  return (
    <section class="card" aria-labelledby="listeners">
      <h2 id="listeners">Listeners</h2>
      {listeners.length === 0
        ? <p class="empty">There is none: clients come from the program itself.</p>
        : (
          <ul class="listeners">
            {listeners.map(({ name, protocol, listen, connections, waiting, refused, paused }) => (
              <li key={name}>
                <span>
                  <b>{name}</b>{" "}
                  <small>
                    {protocol} on <code>{listen}</code>
                  </small>
                </span>
                <span class="number">
                  {count(connections)} <small>now</small>
                </span>
                {(paused || waiting > 0 || refused > 0) && (
                  <small class="listener-trouble">
                    {[
                      ...(paused ? ["paused: file descriptors are short"] : []),
                      ...(waiting > 0 ? [`${count(waiting)} wait`] : []),
                      ...(refused > 0 ? [`${count(refused)} refused`] : [])
                    ].join(", ")}
                  </small>
                )}
              </li>
            ))}
          </ul>
        )}
    </section>
  )
}
