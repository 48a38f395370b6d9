/** The whole page. */
import { useEffect, useMemo, useState } from "preact/hooks"
import type { View } from "../service/View.ts"
import { Watch } from "../service/Watch.ts"
import { Banners } from "./Banners.tsx"
import { Header } from "./Header.tsx"
import { Notices, useNotices } from "./Notices.tsx"
import { SignIn } from "./SignIn.tsx"
import { Summary } from "./Summary.tsx"
import { TimeLine } from "./TimeLine.tsx"
import { Upstreams } from "./Upstreams.tsx"
import { WayIns } from "./WayIns.tsx"

const NOTHING: View = {
  link: { is: "starting" },
  status: null,
  opened: new Map(),
  courses: new Map(),
  facts: [],
  usesToken: false
}

export function App() {
  const [view, setView] = useState<View>(NOTHING)
  const watch = useMemo(() => new Watch(setView), [])
  useEffect(() => watch.start(), [watch])
  const { notices, order, dismiss } = useNotices(watch)
  const { link, status } = view
  return (
    <>
      <Header view={view} watch={watch} order={order} />
      <Notices notices={notices} dismiss={dismiss} />
      <main id="main">
        {link.is === "signed out" ? <SignIn watch={watch} /> : (
          <>
            <Banners view={view} watch={watch} />
            {status === null
              ? (
                <p class="empty" role="status">
                  {link.is === "away" ? "Nothing to show yet." : "Reading the state of the service…"}
                </p>
              )
              : (
                <div class={link.is === "away" ? "columns stale" : "columns"}>
                  <Summary status={status} facts={view.facts} />
                  <Upstreams view={view} status={status} watch={watch} order={order} />
                  <aside class="side">
                    <TimeLine facts={view.facts} isLive={link.is === "live" && link.facts} />
                    <WayIns status={status} />
                  </aside>
                </div>
              )}
          </>
        )}
      </main>
    </>
  )
}
