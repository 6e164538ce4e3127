// Signed out: what was being filled in leaves nothing behind in this tab (drafting.js).
sessionStorage.clear();
