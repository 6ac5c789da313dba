// Sends the code in the address's fragment, and the password chosen, to the service; keeps neither.
"use strict";
const outcome = document.getElementById("outcome");
const form = document.querySelector("form");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const password = form.password.value;
  if (password !== form.again.value) {
    outcome.textContent = "两次输入不一致。 The two are not the same.";
    return;
  }
  outcome.textContent = "…";
  const asked = { one_time_code: location.hash.slice(1), password };
  if (form.code.value) asked.second_factor = form.code.value;
  try {
    const answer = await fetch("/v1/passwords", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
    });
    if (answer.ok) {
      form.remove();
      history.replaceState(null, "", location.pathname);
      outcome.textContent = "密码已设置,现在可以登录了。 Your password is set; you can sign in now.";
    } else {
      const problem = await answer.json();
      if (problem.type === "/problems/second-factor-needed") {
        document.getElementById("factor").hidden = false;
        outcome.textContent = "还需要第二重验证。 Your second factor is needed as well.";
      } else {
        outcome.textContent = problem.detail;
      }
    }
  } catch {
    outcome.textContent = "暂时无法连接,请稍后再试。 The service cannot be reached; try again later.";
  }
});
