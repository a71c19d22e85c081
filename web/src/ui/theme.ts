/** `system` follows `prefers-color-scheme`. */
export type Theme = "system" | "light" | "dark";

const KEY = "onsale.theme";

export function readTheme(): Theme {
    try {
        const value = localStorage.getItem(KEY);
        return value === "light" || value === "dark" ? value : "system";
    } catch {
        // Storage may be switched off.
        return "system";
    }
}

export function applyTheme(theme: Theme): void {
    if (theme === "system") {
        document.documentElement.removeAttribute("data-theme");
    } else {
        document.documentElement.setAttribute("data-theme", theme);
    }
}

export function chooseTheme(theme: Theme): void {
    applyTheme(theme);
    try {
        if (theme === "system") localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, theme);
    } catch {
        // It then lasts as long as the page.
    }
}
