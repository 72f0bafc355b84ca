using Lumos.Drivers.Datasets;
using Lumos.Drivers.Notices;
using Lumos.Drivers.Pools;
using Lumos.Node.FileSystems;
using Lumos.Node.Host;

namespace Lumos.Node.FirstBoot;

/// <summary>What a step works on.</summary>
internal sealed record SetupTools(IPools Pools, IDatasets Datasets, INodeHost Host, BootNotes Notes, MountPaths Paths);

/// <summary>One step of setting up: a name for the log and the messages, how to do it, how to take it back.</summary>
internal sealed record SetupStep(string Name, Action<SetupTools> Do, Action<SetupTools>? Undo = null);
