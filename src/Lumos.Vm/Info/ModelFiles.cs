using Lumos.Cli;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Zones;

namespace Lumos.Vm.Info;

/// <summary>Which files mean what for the model: inotify's events turned into looks at what they are about. Belongs to the model's thread.</summary>
internal sealed class ModelFiles : IDisposable
{
    private const FileEvents FolderEvents = FileEvents.MovedTo | FileEvents.MovedFrom | FileEvents.Deleted
        | FileEvents.ClosedAfterWrite | FileEvents.Created | FileEvents.OnlyDirectory;

    private readonly Inotify _inotify = Inotify.Create();
    private readonly VmModel _model;
    private readonly JsonLog _log;
    private readonly Action<string> _reloadAll;
    private readonly Dictionary<int, string> _configFolders = [];
    private readonly int _zones, _states, _exits, _machines;

    /// <param name="reloadAll">Called with the reason when events were lost.</param>
    public ModelFiles(ZoneLayout layout, VmModel model, JsonLog log, Action<string> reloadAll)
    {
        _model = model;
        _log = log;
        _reloadAll = reloadAll;
        _zones = WatchFolder(layout.Configurations);
        _states = WatchFolder(layout.States);
        _exits = WatchFolder(layout.Exits);
        _machines = WatchFolder(layout.Machines);
    }

    public FileDescriptor Descriptor => _inotify.Descriptor;

    public int Count => _configFolders.Count + 4;

    public void WatchAll()
    {
        foreach (var vm in _model.Snapshot())
        {
            Watch(vm);
        }
    }

    /// <summary>
    /// Watches the config folder of a VM, once it has one. What was written there between the load of the VM and the first moment of
    /// the watch nobody tells: so we look.
    /// </summary>
    public void Watch(VmInfo vm)
    {
        string folder = ConfigFiles.Folder(vm.Spec.ZonePath), zone = vm.Spec.ZoneName;
        if (!Directory.Exists(folder))
        {
            return;
        }
        try
        {
            int watch = _inotify.Watch(folder, FolderEvents);
            if (_configFolders.TryGetValue(watch, out string? known) && known == zone)
            {
                return;
            }
            _configFolders[watch] = zone;
        }
        catch (IOException e)
        {
            _log.Warn("cannot watch", ("path", folder), ("error", e.Message));
            return;
        }
        if (_model.IsOld(vm))
        {
            _model.ReloadConfig(zone);
        }
    }

    /// <summary>Takes in all that has been told so far.</summary>
    public void Take()
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
            else if ((e.Watch == _states || e.Watch == _exits || e.Watch == _machines) && !e.Name.StartsWith('.'))
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
            _reloadAll("inotify lost events");
            WatchAll();
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
            WatchAll();
        }
    }

    public void Dispose() => _inotify.Dispose();

    private int WatchFolder(string path)
    {
        Directory.CreateDirectory(path);
        return _inotify.Watch(path, FolderEvents);
    }
}
