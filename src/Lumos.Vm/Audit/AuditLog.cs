using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Vm.Audit;

/// <summary>
/// The log of one run of a command that changes something: who asked for what, the steps, how it came out and how long it
/// took, a JSON object a line with bunyan's fields. The file is made when the machine is first looked at, so that a wrong
/// command line leaves none; verbs that only read have none at all. With -v or -d the same lines go to stderr.
///
/// Every line bears <c>req_id</c>: that of the environment (REQ_ID, as SmartOS's services set it) or a new one; and
/// <c>ident</c>, where VMADM_IDENT says for whom the work is done. Secrets are masked (<see cref="Secrets"/>). A file holds
/// <see cref="MostBytes"/> at most, the folder what <see cref="AuditFolder"/> says. A log that cannot be written never fails the work.
/// </summary>
public sealed class AuditLog : IDisposable
{
    /// <summary>Of one file: what comes after is counted, not kept.</summary>
    public const int MostBytes = 256 << 10;

    private readonly string _name;
    private readonly TextWriter _error;
    private readonly LogLevel? _shown;
    private readonly Func<string, string?> _environment;
    private readonly string _request;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly List<byte[]>? _early;
    private FileStream? _file;
    private bool _isLost; // it could not be opened: nothing waits for it any more
    private long _written, _dropped;

    /// <param name="name">Of the command.</param>
    /// <param name="changes">It may change something, so that its lines are wanted as soon as <see cref="Keep"/> says where.</param>
    /// <param name="error">Where -v and -d show it.</param>
    /// <param name="shown">The least level shown there; null: none.</param>
    public AuditLog(string name, bool changes, TextWriter error, LogLevel? shown, Func<string, string?> environment)
    {
        _name = name;
        _early = changes ? [] : null;
        _error = error;
        _shown = shown;
        _environment = environment;
        _request = environment("REQ_ID") ?? environment("req_id") ?? Uuid.New().ToString();
    }

    /// <summary>Begins the file, with what was said so far. Of a command that changes nothing there is none.</summary>
    public void Keep(string folder)
    {
        lock (_lock)
        {
            if (_early is null || _file is not null || _isLost)
            {
                return;
            }
            _file = AuditFolder.Open(folder, _name, DateTimeOffset.UtcNow);
            _isLost = _file is null;
            _early.ForEach(line => Append(line, last: false));
            _early.Clear();
        }
    }

    /// <summary>The command line and who gave it.</summary>
    public void Begin(IEnumerable<string> words)
    {
        if (Wants(LogLevel.Info))
        {
            Write(LogLevel.Info, "begin", new JsonObject
            {
                ["argv"] = new JsonArray([.. words.Prepend(_name).Select(word => (JsonNode)Secrets.MaskedWord(word))]),
                ["caller"] = Caller.Describe(_environment),
            });
        }
    }

    public void Payload(JsonNode payload)
    {
        if (Wants(LogLevel.Debug))
        {
            Write(LogLevel.Debug, "payload", new JsonObject { ["payload"] = Secrets.Masked(payload) });
        }
    }

    public void Step(string what) => Write(LogLevel.Debug, what, []);

    public void Warn(string what) => Write(LogLevel.Warn, what, []);

    /// <summary>How it came out.</summary>
    public void End(int status, JsonObject result)
    {
        var fields = new JsonObject
        {
            ["exit_status"] = status,
            ["duration_ms"] = (long)Stopwatch.GetElapsedTime(_started).TotalMilliseconds,
            ["result"] = result,
        };
        if (_dropped > 0)
        {
            fields["lines_dropped"] = _dropped;
        }
        Write(status == 0 ? LogLevel.Info : LogLevel.Error, "end", fields, last: true);
    }

    public void Dispose() => _file?.Dispose();

    private bool Wants(LogLevel level) => _early is not null || _shown <= level;

    private void Write(LogLevel level, string message, JsonObject fields, bool last = false)
    {
        if (!Wants(level))
        {
            return;
        }
        byte[] line = JsonLog.Line(_name, level, message, DateTimeOffset.UtcNow, json =>
        {
            json.WriteString("req_id", _request);
            if (_environment("VMADM_IDENT") is { } ident)
            {
                json.WriteString("ident", ident);
            }
            foreach (var (key, value) in fields)
            {
                json.WritePropertyName(key);
                if (value is null)
                {
                    json.WriteNullValue();
                }
                else
                {
                    value.WriteTo(json);
                }
            }
        });
        lock (_lock)
        {
            if (_shown <= level)
            {
                _error.Write(Encoding.UTF8.GetString(line));
            }
            Append(line, last);
        }
    }

    private void Append(byte[] line, bool last)
    {
        if (_file is null)
        {
            if (_early?.Count < 16 && !_isLost)
            {
                _early.Add(line);
            }
            return;
        }
        if (_written + line.Length > MostBytes && !last)
        {
            _dropped++;
            return;
        }
        try
        {
            _file.Write(line);
            _written += line.Length;
        }
        catch (IOException)
        {
            // The disk is full or the pool is gone: the work itself says so where it matters.
        }
    }
}
