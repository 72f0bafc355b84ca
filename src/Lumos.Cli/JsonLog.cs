using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lumos.Cli;

/// <summary>Levels by bunyan's numbers.</summary>
public enum LogLevel
{
    Trace = 10,
    Debug = 20,
    Info = 30,
    Warn = 40,
    Error = 50,
    Fatal = 60,
}

/// <summary>
/// A log of one JSON object a line with bunyan's fields (name, hostname, pid, level, msg, time, v), so that the tools
/// people have for SmartOS's logs read ours. Each line is one write to a file opened for appending: lines of several
/// processes do not mix. A log that cannot be written never fails the work.
/// </summary>
public sealed class JsonLog : IDisposable
{
    private readonly string _name;
    private readonly Stream? _file;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();

    private JsonLog(string name, Stream? file, TimeProvider? time)
    {
        _name = name;
        _file = file;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Lines below this are dropped.</summary>
    public LogLevel Threshold { get; init; } = LogLevel.Debug;

    /// <summary>A log that keeps nothing.</summary>
    public static JsonLog None { get; } = new("none", null, null);

    /// <summary>Opens (and makes, with its directory) the file for appending; what cannot be opened logs nothing.</summary>
    public static JsonLog Open(string path, string name, LogLevel threshold = LogLevel.Debug)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }
            var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return new JsonLog(name, file, null) { Threshold = threshold };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return None;
        }
    }

    /// <summary>A log onto any stream, for tests.</summary>
    public static JsonLog To(Stream stream, string name, TimeProvider? time = null) => new(name, stream, time);

    public void Debug(string message, params IEnumerable<(string Key, string? Value)> fields) => Write(LogLevel.Debug, message, fields);

    public void Info(string message, params IEnumerable<(string Key, string? Value)> fields) => Write(LogLevel.Info, message, fields);

    public void Warn(string message, params IEnumerable<(string Key, string? Value)> fields) => Write(LogLevel.Warn, message, fields);

    public void Error(string message, params IEnumerable<(string Key, string? Value)> fields) => Write(LogLevel.Error, message, fields);

    /// <summary>Writes one line; further fields are text.</summary>
    public void Write(LogLevel level, string message, params IEnumerable<(string Key, string? Value)> fields)
    {
        if (_file is null || level < Threshold)
        {
            return;
        }
        byte[] line = Line(_name, level, message, _time.GetUtcNow(), json =>
        {
            foreach (var (key, value) in fields)
            {
                json.WriteString(key, value);
            }
        });
        lock (_lock)
        {
            try
            {
                _file.Write(line);
                _file.Flush();
            }
            catch (IOException)
            {
                // The disk is full or the pool is gone: the work itself will say so where it matters.
            }
        }
    }

    /// <summary>One line as all of them are, its end included.</summary>
    /// <param name="fields">Writes the fields between bunyan's own.</param>
    public static byte[] Line(string name, LogLevel level, string message, DateTimeOffset time, Action<Utf8JsonWriter> fields)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("hostname", Environment.MachineName);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteNumber("level", (int)level);
            fields(json);
            json.WriteString("msg", message);
            json.WriteString("time", time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
            json.WriteNumber("v", 0);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        return line.ToArray();
    }

    public void Dispose() => _file?.Dispose();
}
