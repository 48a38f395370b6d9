/** The dashboard starts here. */
/// <reference lib="dom" />
import { render } from "preact"
import { App } from "./parts/App.tsx"

const place = document.getElementById("app") as HTMLElement
place.replaceChildren()
render(<App />, place)
