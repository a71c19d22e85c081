// Runs before the first paint: a theme that was chosen by hand must not flash up as the system's.
import { applyTheme, readTheme } from "./ui/theme";

applyTheme(readTheme());
