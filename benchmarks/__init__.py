"""Speed, growth and start-up of the sandbox, measured side by side with bare Starlette; see README.md."""
