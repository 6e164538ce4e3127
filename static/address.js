// WeCom's sign-in hands its fragment on from page to page. It says nothing to anybody: the address is left clean.
if (location.hash === "#wechat_redirect") {
  history.replaceState(history.state, "", location.pathname + location.search);
}
