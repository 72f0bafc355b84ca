using Lumos.Cli;
using Microsoft.Extensions.Logging;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Lumos.Imgapi.Http;

/// <summary>What Kestrel itself has to say, warnings and worse, in our log.</summary>
internal sealed class KestrelLog(JsonLog log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(log, categoryName);

    public void Dispose()
    {
    }

    private sealed class Category(JsonLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Write(logLevel == LogLevel.Warning ? Cli.LogLevel.Warn : Cli.LogLevel.Error, formatter(state, exception),
                    ("component", name), ("err", exception?.ToString()));
            }
        }
    }
}
