/** Light, dark, or as the system says. The browser remembers the choice. */
import { useEffect, useState } from "preact/hooks"
import { themeChanged } from "../plots/colours.ts"

const THEMES = ["auto", "light", "dark"] as const
type Theme = (typeof THEMES)[number]

const NAMES: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" }

const KEY = "fairlead-theme"

export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(remembered)
  useEffect(() => {
    document.documentElement.style.colorScheme = theme === "auto" ? "light dark" : theme
    themeChanged()
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // A browser that stores nothing forgets the choice, and nothing else.
    }
  }, [theme])
  return (
    <label class="theme">
      <span class="hidden">Colours</span>
      <select value={theme} onChange={({ currentTarget }) => setTheme(currentTarget.value as Theme)}>
        {THEMES.map((one) => <option key={one} value={one}>{NAMES[one]}</option>)}
      </select>
    </label>
  )
}

function remembered(): Theme {
  try {
    const stored = localStorage.getItem(KEY)
    return THEMES.find((one) => one === stored) ?? "auto"
  } catch {
    return "auto"
  }
}
