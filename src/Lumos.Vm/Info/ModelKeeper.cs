using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Info;

/// <summary>
/// Keeps the model true. One thread runs the loop and owns the model; others ask it.
///
/// Fed by: inotify on /etc/zones (index and XML), on the config folder of each VM, on the folders where zone states and exit
/// statuses appear; a pidfd of the init of each zone that runs; and refreshes, which vmadm asks for after each change and
/// which are answered once the model has it, so that who changes a VM reads what was written. What was set by hand with zfs is
/// seen within <see cref="DatasetPeriod"/>: all datasets are listed that often, on a thread of their own, since a pool that
/// hangs must not hang us. (zpool events would tell at once, for the price of a process for ever whose queue the kernel drops
/// when it is full, and the listing would be needed all the same.)
/// Each change that can be seen becomes an event. When inotify loses some, everything is loaded again and compared, so that
/// the events that follow say what really changed.
/// </summary>
public sealed class ModelKeeper : IDisposable
{
    public static readonly TimeSpan DatasetPeriod = TimeSpan.FromSeconds(30);

    private const int MostResyncsKept = 5;

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly EventLoop _loop = new();
    private readonly ModelFiles _files;
    private readonly InitWatch _inits;
    private readonly VmModel _model;
    private readonly TimerFd _timer = TimerFd.Create();
    private readonly HashSet<string> _refreshed = new(StringComparer.Ordinal);
    private readonly List<VmListener> _listeners = [];
    private readonly List<Resync> _resyncs = [];
    private bool _looking;

    /// <summary>Loads the model; <see cref="Run"/> keeps it.</summary>
    /// <param name="datasetPeriod">How often all datasets are looked at.</param>
    public ModelKeeper(VmHost host, JsonLog log, TimeSpan? datasetPeriod = null)
    {
        _host = host;
        _log = log;
        _inits = new InitWatch(_loop, zone => _model!.ReloadStatus(zone));
        _model = new VmModel(host.Loader, host.Zones,
            (name, e) => log.Warn("a VM cannot be loaded", ("zone", name), ("error", LumosException.Describe(e))), OnChange);
        // Watches are set before the first load, so that nothing falls between them.
        _files = new ModelFiles(host.Layout, _model, log, Reload);
        _model.LoadAll();
        _files.WatchAll();
        _loop.Add(_files.Descriptor, PollEvents.Readable, _ => _files.Take());
        _loop.Add(_timer.Descriptor, PollEvents.Readable, _ => LookAtDatasets());
        _timer.SetEvery(datasetPeriod ?? DatasetPeriod);
        log.Info("loaded", ("vms", _model.Count.ToString()));
    }

    /// <summary>When a full look found something that no event had told.</summary>
    public sealed record Resync(DateTimeOffset Date, string Why, int Differences);

    public int InitsWatched => _inits.Count;

    public int FoldersWatched => _files.Count;

    public IReadOnlyList<Resync> Resyncs => _resyncs;

    public IReadOnlyList<VmListener> Listeners => _listeners;

    public void Run() => _loop.Run();

    /// <summary>Any thread.</summary>
    public void Stop() => _loop.Stop();

    public void Dispose()
    {
        _inits.Dispose();
        _files.Dispose();
        _timer.Dispose();
        _loop.Dispose();
    }

    /// <summary>Asks the owner's thread. Any other thread.</summary>
    public Task<T> Ask<T>(Func<VmModel, T> question)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            try
            {
                _files.Take(); // a guest that put a key, say, was answered before we were asked
                done.SetResult(question(_model));
            }
            catch (Exception e)
            {
                done.SetException(e is LumosException ? e : new LumosException("VminfodFault", e.Message, inner: e.InnerException));
            }
        });
        return done.Task;
    }

    /// <summary>Looks at a VM again, its dataset too. Null: there is none.</summary>
    public Task<VmInfo?> Refresh(string uuid) => Ask(model =>
    {
        // What was already told has been taken in, or it would overwrite what we are about to read.
        _refreshed.Add(uuid);
        var vm = model.Reload(uuid);
        if (vm is not null)
        {
            _files.Watch(vm); // its folder may be another one, of the same name and content
        }
        return vm;
    });

    /// <summary>Tells who listens of changes that the model does not hold.</summary>
    public Task<bool> Tell(VmInfo vm, IReadOnlyList<VmChange> changes) => Ask(_ =>
    {
        Offer(vm.Uuid, VmEvent.Of(vm, changes, _host.Clock.GetUtcNow()));
        return true;
    });

    /// <summary>From here on the listener gets every event. Returns all VMs as they are before the first of them; null: there are too many listeners.</summary>
    public Task<VmInfo[]?> Listen(VmListener listener, int most) => Ask(model =>
    {
        if (_listeners.Count >= most)
        {
            return null;
        }
        _listeners.Add(listener);
        return model.Snapshot();
    });

    public void Leave(VmListener listener) => _loop.Post(() => _listeners.Remove(listener));

    private void OnChange(VmInfo? before, VmInfo? after)
    {
        _inits.Follow((after ?? before)!.Spec.ZoneName, after?.Status.InitPid);
        if (_listeners.Count > 0 && VmEvent.Of(before?.Object, after?.Object, after?.Line, _host.Clock.GetUtcNow()) is { } line)
        {
            Offer((after ?? before)!.Uuid, line);
        }
        if (after is not null)
        {
            _files.Watch(after); // last: it may find that there is a change to tell already
        }
    }

    private void Offer(string uuid, byte[] line) => _listeners.ForEach(listener => listener.Offer(uuid, line));

    private void Reload(string why) => Note(why, _model.LoadAll());

    private void LookAtDatasets()
    {
        _timer.Consume();
        if (_looking || _model.Count == 0)
        {
            return; // the last look still waits for its pool
        }
        _looking = true;
        _refreshed.Clear();
        Task.Run(() =>
        {
            Dictionary<string, DatasetFacts>? facts = null;
            try
            {
                facts = _host.Loader.DatasetsByName();
            }
            catch (Exception e) when (e is IOException or LumosException)
            {
                _log.Warn("cannot look at the datasets", ("error", LumosException.Describe(e)));
            }
            _loop.Post(() =>
            {
                _looking = false;
                _files.WatchAll(); // of a dataset that was mounted anew by other hands
                if (facts is not null && _model.TakeDatasets(facts, _refreshed) is > 0 and var changed)
                {
                    Note("datasets were changed by other hands", changed);
                }
            });
        });
    }

    private void Note(string why, int differences)
    {
        _log.Warn(why, ("differences", differences.ToString()));
        _resyncs.Insert(0, new Resync(_host.Clock.GetUtcNow(), why, differences));
        if (_resyncs.Count > MostResyncsKept)
        {
            _resyncs.RemoveAt(MostResyncsKept);
        }
    }
}
