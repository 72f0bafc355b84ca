namespace Lumos.Vm.Applets.Verbs;

/// <summary>Everything vmadm can be asked to do, in the order of its usage text.</summary>
internal static class VerbTable
{
    internal static IReadOnlyList<Verb> All { get; } =
    [
        CreateVerb.Verb, CreateSnapshotVerb.Verb, ConsoleVerb.Verb, DeleteVerb.Verb, DeleteSnapshotVerb.Verb, EventsVerb.Verb, GetVerb.Verb, HelpVerb.Verb, InfoVerb.Verb, KillVerb.Verb, ListVerb.Verb, LookupVerb.Verb,
        RebootVerb.Verb, ReprovisionVerb.Verb, RollbackSnapshotVerb.Verb, StartVerb.Verb, StopVerb.Verb, SysrqVerb.Verb, UpdateVerb.Verb, ValidateVerb.Verb,
        SendVerb.Verb, ReceiveVerb.Verb, InstallVerb.Verb, MigrateVerb.Verb,
    ];

    /// <summary>The verb of a name or alias; null: there is none.</summary>
    internal static Verb? Find(string name) => All.FirstOrDefault(verb => verb.IsCalled(name));
}
