/**
 * What breaks in the page: errors thrown here have a stack of the page itself, as in production;
 * hence the timer, which leaves the stack of the driver behind.
 */
function pay(cart) {
  return cart.total;
}

const inThePage = (act) => setTimeout(act, 0);

window.breaks = {
  handled: () => inThePage(() => {
    try {
      pay(null);
    } catch (error) {
      window.Countly.log_error(error, { theme: 'dark' });
    }
  }),
  uncaught: () => inThePage(() => pay(undefined)),
  rejected: () => inThePage(() => Promise.reject(new Error('no stock left'))),
};
