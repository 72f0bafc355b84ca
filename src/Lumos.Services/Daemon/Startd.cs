using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Lumos.Services.Contracts;
using Lumos.Services.Methods;
using Lumos.Services.Model;
using Lumos.Services.Repository;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>
/// svc.startd: one process that holds the repository, the graph and the restarter (docs/decisions/0001-one-smf-daemon.md).
///
/// OWNERSHIP. One thread, one epoll loop: everything belongs to it. Children are its own; it is itself a child of lumos-init, which
/// starts it again when it dies.
///
/// ON DISK. Manifests (read only), /etc/svc/repository.json (what administrators changed), /run/svc/state.json (what instances look
/// like, for our successor), /var/svc/log (logs). In the kernel: one cgroup per instance.
///
/// EVENTS. Ends of methods (pidfds), contracts that have become empty (inotify on cgroup.events), requests (socket), time, TERM. After
/// each batch the restarter settles, the state is saved, and those who wait for something are answered.
///
/// FAILURE. Killed at any instant, it takes up what runs when it is started again: see Restarter.Adopt. On TERM it stops
/// everything, dependents first, and exits with 0.
/// </summary>
public sealed class Startd : IDisposable
{
    private static readonly Fmri PoolImport = new("system/filesystem/smartdc", "default");

    private readonly StartdOptions _options;
    private readonly EventLoop _loop = new();
    private readonly SystemClock _clock = new();
    private readonly SignalFd _signals;
    private readonly ServiceLogFiles _logs;
    private readonly ServiceRepository _repository;
    private readonly IContracts _contracts;
    private readonly Restarter.Restarter _restarter;
    private readonly RequestHandler _handler;
    private readonly StateFile _state;
    private readonly SingleUserLogin _singleUser;
    private bool _singleUserWanted;
    private bool _importSite;

    public Startd(StartdOptions options)
    {
        _options = options;
        ProcessSignals.BlockEverywhere(Signal.TERM, Signal.INT, Signal.HUP);
        _signals = SignalFd.Open(Signal.TERM, Signal.INT, Signal.HUP);
        Trampoline.PathOverride = options.Trampoline;
        Directory.CreateDirectory(options.RunDirectory);
        _logs = new ServiceLogFiles(options.LogDirectory, options.Console, _clock);
        _repository = OpenRepository();
        _state = new StateFile(options.StateFile, StateFile.CurrentBoot());

        CgroupContracts? cgroups = null;
        string? why = "as asked for";
        if (!options.NoCgroups && CgroupContracts.IsUsable(options.Cgroup, out why))
        {
            _contracts = cgroups = new CgroupContracts(_loop, options.Cgroup);
            cgroups.Emptied += fmri => _restarter!.ContractEmptied(fmri);
        }
        else
        {
            _logs.Note($"Services are held together by their environment, not by cgroups: {why}");
            var processes = new ProcessContracts(_loop);
            processes.Emptied += fmri => _restarter!.ContractEmptied(fmri);
            _contracts = processes;
        }
        var methods = new MethodProcesses(
            _loop, _logs, new AccountFiles($"{options.Root}/etc"), f => cgroups?.Prepare(f), ZoneName());
        _restarter = new Restarter.Restarter(methods, _contracts, _logs, _clock, path => Path.Exists(options.Root + path));
        methods.Ended += _restarter.ProcessEnded;
        _restarter.StateChanged += (instance, _) => _importSite |= instance.Fmri == PoolImport && instance.State.IsRunning();
        _handler = new RequestHandler(_restarter, _repository, _contracts, _logs);
        _singleUser = new SingleUserLogin(_loop, options.Console, cgroups);

        Manifests.ReadDirectory(options.ManifestDirectory, recursive: true, _repository, _logs.Alert);
        foreach (string directory in options.SiteDirectories)
        {
            Manifests.ReadDirectory(directory, recursive: false, _repository, _logs.Alert);
        }
        _restarter.Define(_repository.Compose(_logs.Alert));
        TakeUp(cgroups);
    }

    /// <summary>Serves until TERM has come and everything has stopped.</summary>
    public int Run()
    {
        using var server = new ControlServer(_loop, _options.Socket, _handler.Handle);
        _loop.Add(_signals.Descriptor, PollEvents.Readable, _ => ReadSignals());
        while (true)
        {
            Settle();
            if (_restarter.IsShutDown)
            {
                File.Delete(_options.StateFile);
                return 0;
            }
            _loop.RunOnce(_restarter.NextDeadline is { } deadline
                ? TimeSpan.FromTicks(Math.Max(0, (deadline - _clock.Monotonic).Ticks))
                : null);
        }
    }

    public void Dispose()
    {
        (_contracts as IDisposable)?.Dispose();
        _singleUser.Dispose();
        _signals.Dispose();
        _loop.Dispose();
    }

    private void Settle()
    {
        _restarter.TimePassed();
        _restarter.Settle();
        if (_importSite)
        {
            // The pool's /opt has just come: what an administrator keeps in /opt/custom/smf is services like any other.
            _importSite = false;
            Manifests.ReadDirectory(_options.SiteDirectories[^1], recursive: false, _repository, _logs.Alert);
            _handler.Redefine(_ => false);
            _restarter.Settle();
        }
        if (_restarter.Dirty)
        {
            _restarter.Dirty = false;
            try
            {
                _state.Save(_restarter);
            }
            catch (IOException e)
            {
                _logs.Alert($"the state of services cannot be saved, so a restart of svc.startd would take up an older one: {e.Message}");
            }
        }
        _handler.AnswerWaits();
        if (_singleUserWanted && !_restarter.ShuttingDown && _restarter.Instances.All(i => i.Next == ServiceState.None))
        {
            _singleUserWanted = false;
            _singleUser.Start(() => _restarter.ChangeMilestone("all"));
        }
    }

    /// <summary>Goes on from where an earlier svc.startd was, or begins as the boot arguments say.</summary>
    private void TakeUp(CgroupContracts? cgroups)
    {
        cgroups?.Adopt([.. _restarter.Instances.Select(i => i.Fmri)], _logs.Note);
        if (_state.Load() is not { } saved)
        {
            _logs.Note("svc.startd begins");
            string milestone = _options.Zone
                ? BootArguments.ParseMilestone(Environment.GetEnvironmentVariable(BootArguments.ZoneVariable) ?? "")
                : BootArguments.Milestone(_options.BootArguments);
            if (milestone is not ("all" or "none") && _restarter.Find(Fmri.Parse(milestone)) is null)
            {
                _logs.Alert($"boot argument milestone: there is no {milestone}; all services are started");
                milestone = "all";
            }
            _restarter.SetMilestone(milestone);
            _singleUserWanted = milestone == "none" || milestone == BootArguments.SingleUser;
            foreach (var instance in _restarter.Instances.Where(i => !_contracts.IsEmpty(i.Fmri)))
            {
                _contracts.Kill(instance.Fmri); // nothing is known of it, so it cannot be taken up
            }
            return;
        }
        _logs.Alert("svc.startd was restarted; services go on");
        _restarter.SetMilestone((string?)saved["milestone"] ?? "all");
        _singleUserWanted = !_options.Zone && _restarter.Milestone == "none"; // its login went with our predecessor
        foreach (var instance in _restarter.Instances.ToList())
        {
            if (StateFile.Restore(saved, instance))
            {
                _restarter.Adopt(instance);
            }
        }
    }

    private void ReadSignals()
    {
        while (_signals.TryRead(out var signal))
        {
            if (signal.Number is Signal.TERM or Signal.INT)
            {
                _logs.Note("Stopping all services");
                _singleUser.Stop();
                _restarter.ShutDown();
            }
        }
    }

    private ServiceRepository OpenRepository()
    {
        string path = _options.Repository;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        void Save(string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, text, 0x180); // 0600: properties may hold secrets
        }
        try
        {
            var repository = new ServiceRepository(File.Exists(path) ? File.ReadAllText(path) : null, Save);
            repository.Complaints.ForEach(c => _logs.Alert($"imported manifest left out: {c}"));
            return repository;
        }
        catch (LumosException e)
        {
            string aside = $"{path}.damaged";
            File.Move(path, aside, overwrite: true);
            _logs.Alert($"{LumosException.Describe(e)}. It is now {aside}, and services run as their manifests say");
            return new ServiceRepository(null, Save);
        }
    }

    private string ZoneName()
    {
        const string file = "/usr/lib/lumos/zonename"; // the platform binds it into each native zone
        return !_options.Zone ? "global" : File.Exists(file) ? File.ReadAllText(file).Trim() : Environment.MachineName;
    }
}
