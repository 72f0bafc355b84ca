using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Info;

/// <summary>
/// vminfod: the model of all VMs, kept in memory, so that <c>vmadm list</c> costs one answer over a socket however many VMs
/// there are.
///
/// Ownership: one thread runs the loop and owns the model. Connections are served by tasks that post to the loop and wait.
/// Fed by: inotify on /etc/zones (index and XML), on the config folder of each VM, on the folders where zone states and exit
/// statuses appear; and by "refresh" requests, which vmadm sends after each change and which are answered once the model has
/// it, so that who changes a VM reads what was written.
/// Failure: nothing is kept that is not on disk or in the kernel. It can be killed at any time; readers then load for
/// themselves, and the next vminfod loads everything when it starts. When inotify loses events, everything is loaded again.
/// What only a dataset says (a quota set by hand with zfs) is seen at the next refresh of that VM.
/// Tested on a folder of its own with a real socket and real inotify (VmInfoDaemonTests).
/// </summary>
public sealed class VmInfoDaemon : IDisposable
{
    private const int MaxRequest = 64 << 10;

    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.MovedFrom | FileEvents.Deleted
        | FileEvents.ClosedAfterWrite | FileEvents.Created | FileEvents.OnlyDirectory;

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly VmModel _model;
    private readonly Dictionary<int, string> _configFolders = [];
    private readonly DateTimeOffset _started;
    private readonly int _zones, _states, _exits;
    private readonly Socket _listener;
    private long _requests;

    /// <summary>Loads the model and listens; <see cref="Run"/> serves.</summary>
    /// <exception cref="LumosException">AlreadyRunning.</exception>
    public VmInfoDaemon(VmHost host, JsonLog log)
    {
        _host = host;
        _log = log;
        _started = host.Clock.GetUtcNow();
        _model = new VmModel(host.Loader, host.Zones, (name, e) => log.Warn("a VM cannot be loaded", ("zone", name), ("error", LumosException.Describe(e))));
        // Watches are set before the first load, so that nothing falls between them.
        _zones = WatchFolder(host.Layout.Configurations);
        _states = WatchFolder(host.Layout.States);
        _exits = WatchFolder(host.Layout.Exits);
        _model.LoadAll();
        WatchConfigFolders();
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
        _listener = Listen(host.InfoSocket);
        log.Info("loaded", ("vms", _model.Count.ToString()));
    }

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        var accepting = AcceptAsync();
        _loop.Run();
        _listener.Dispose();
        try
        {
            accepting.Wait(TimeSpan.FromSeconds(1));
        }
        catch (AggregateException)
        {
            // It was waiting for a connection on the socket that is closed now.
        }
        File.Delete(_host.InfoSocket);
    }

    /// <summary>Any thread.</summary>
    public void Stop() => _loop.Stop();

    public void Dispose()
    {
        _listener.Dispose();
        _inotify.Dispose();
        _loop.Dispose();
    }

    private int WatchFolder(string path)
    {
        Directory.CreateDirectory(path);
        return _inotify.Watch(path, FolderEvents);
    }

    private void WatchConfigFolders()
    {
        foreach (var vm in _model.All)
        {
            WatchConfigFolder(vm);
        }
    }

    private void WatchConfigFolder(VmInfo vm)
    {
        string folder = ConfigFiles.Folder(vm.Spec.ZonePath);
        if (Directory.Exists(folder))
        {
            try
            {
                _configFolders[_inotify.Watch(folder, FolderEvents)] = vm.Spec.ZoneName;
            }
            catch (IOException e)
            {
                _log.Warn("cannot watch", ("path", folder), ("error", e.Message));
            }
        }
    }

    private void OnFileEvents()
    {
        bool index = false, everything = false;
        var configs = new HashSet<string>();
        var statuses = new HashSet<string>();
        foreach (var e in _inotify.Read())
        {
            if (e.Events.HasFlag(FileEvents.Overflow))
            {
                everything = true;
            }
            else if (e.Events.HasFlag(FileEvents.Ignored))
            {
                _configFolders.Remove(e.Watch);
            }
            else if (e.Watch == _zones)
            {
                index |= e.Name == "index";
                if (e.Name.EndsWith(".xml", StringComparison.Ordinal))
                {
                    configs.Add(e.Name[..^4]);
                }
            }
            else if (e.Watch == _states || e.Watch == _exits)
            {
                statuses.Add(e.Name.EndsWith(".json", StringComparison.Ordinal) ? e.Name[..^5] : e.Name);
            }
            else if (_configFolders.TryGetValue(e.Watch, out string? zone) && e.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                configs.Add(zone);
            }
        }
        if (everything)
        {
            _log.Warn("inotify lost events; loading everything again");
            _model.LoadAll();
            WatchConfigFolders();
            return;
        }
        if (index)
        {
            _model.SyncIndex();
        }
        foreach (string zone in configs.Where(z => ZoneName.TryParse(z, out _)))
        {
            _model.ReloadConfig(zone);
        }
        foreach (string zone in statuses.Where(z => ZoneName.TryParse(z, out _)))
        {
            _model.ReloadStatus(zone);
        }
        if (index)
        {
            WatchConfigFolders();
        }
    }

    private static Socket Listen(string path)
    {
        using (var running = VmInfoClient.TryConnect(path))
        {
            if (running is not null)
            {
                throw new LumosException("AlreadyRunning", $"another vminfod listens on {path}");
            }
        }
        File.Delete(path); // left by one that was killed
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        // Metadata holds passwords. Nobody can connect before listen, so there is no moment with another mode.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        socket.Listen(128);
        return socket;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket connection;
            try
            {
                connection = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = Task.Run(() => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            using (connection)
            {
                await using var stream = new NetworkStream(connection, ownsSocket: false);
                using var reader = new StreamReader(stream, new UTF8Encoding(false), false, 4096);
                while (await ReadLineAsync(reader).ConfigureAwait(false) is { } line)
                {
                    byte[] answer = await AnswerAsync(line).ConfigureAwait(false);
                    await stream.WriteAsync(answer).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The other side went away.
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader)
    {
        string? line = await reader.ReadLineAsync().ConfigureAwait(false);
        return line?.Length > MaxRequest ? null : line;
    }

    private async Task<byte[]> AnswerAsync(string line)
    {
        try
        {
            var request = JsonNode.Parse(line) as JsonObject ?? throw new LumosException("BadRequest", "a request is an object");
            string uuid = JsonText.Plain(request["uuid"]);
            byte[][] lines = JsonText.Plain(request["op"]) switch
            {
                "list" => await OnLoop(_model.Lines).ConfigureAwait(false),
                "get" => await OnLoop(() => Lines(_model.Find(uuid))).ConfigureAwait(false),
                "refresh" => await OnLoop(() => Lines(Refresh(uuid))).ConfigureAwait(false),
                "status" => [JsonText.Line(await OnLoop(Status).ConfigureAwait(false))],
                var op => throw new LumosException("BadRequest", $"\"{op}\" is no request; there are list, get, refresh and status"),
            };
            return Answer(new JsonObject { ["ok"] = true, ["count"] = lines.Length }, lines);
        }
        catch (JsonException)
        {
            return Fault("BadRequest", "a request is one line of JSON");
        }
        catch (LumosException e)
        {
            return Fault(e.Code, LumosException.Describe(e));
        }
    }

    private static byte[][] Lines(VmInfo? vm) => vm is null ? [] : [vm.Line];

    private VmInfo? Refresh(string uuid)
    {
        OnFileEvents(); // what is already told comes first, or it would overwrite what we are about to read
        var vm = _model.Reload(uuid);
        if (vm is not null)
        {
            WatchConfigFolder(vm);
        }
        return vm;
    }

    private JsonObject Status() => new()
    {
        ["pid"] = Environment.ProcessId,
        ["started"] = Payload.Normaliser.Timestamp(_started),
        ["vms"] = _model.Count,
        ["requests"] = _requests,
    };

    private static byte[] Fault(string code, string message) =>
        Answer(new JsonObject { ["ok"] = false, ["code"] = code, ["message"] = message }, []);

    private static byte[] Answer(JsonObject head, byte[][] lines)
    {
        byte[] first = JsonText.Line(head);
        byte[] answer = new byte[first.Length + 1 + lines.Sum(l => l.Length + 1)];
        int at = 0;
        foreach (byte[] line in lines.Prepend(first))
        {
            line.CopyTo(answer, at);
            at += line.Length;
            answer[at++] = (byte)'\n';
        }
        return answer;
    }

    private Task<T> OnLoop<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            _requests++;
            try
            {
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e is LumosException ? e : new LumosException("VminfodFault", e.Message, inner: e.InnerException));
            }
        });
        return done.Task;
    }
}
