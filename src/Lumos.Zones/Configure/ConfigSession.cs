using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

// Purpose. zonecfg: a configuration is read, edited by subcommands, and saved whole or not at all.
//
// Stages. ConfigLexer and ConfigParser make ConfigCommands of text and know nothing of zones. ConfigEditor turns one ConfigDraft
// into the next and touches no file. This file carries out what reads or writes: create, commit, delete, revert, export -f.
// ResourceTypes and GlobalProperties are the tables that editing, help, info and export follow.
//
// Failure. A subcommand that fails leaves the draft as it was. Outside a terminal the first failure ends the session and nothing
// that was not committed is saved. A commit is one change of the store, under the lock that vmadm takes for the same zone; when
// the file has changed since it was read, it is refused.
//
// Tests. ConfigLexerTests, ConfigEditorTests, ConfigSessionTests; export, read back, gives the same configuration for random ones.

/// <summary>One run of zonecfg over one zone.</summary>
/// <param name="confirm">Asks a question; null: nobody to ask.</param>
public sealed class ConfigSession(
    ZoneLayout layout, ZoneName name, TextWriter output, TextWriter errors, Func<string, bool?> confirm)
{
    private readonly ZoneConfigStore _store = new(layout);
    private readonly ConfigEditor _editor = new(confirm);
    private ConfigDraft? _draft;

    /// <summary>What is edited now.</summary>
    public ConfigDraft Draft => _draft ??= Load(name);

    /// <summary>The user wants to leave.</summary>
    public bool IsOver { get; private set; }

    /// <summary>zonecfg:NAME, zonecfg:NAME:net.</summary>
    public string Prompt => Draft.Scope is { } scope ? $"zonecfg:{Draft.Name}:{scope.Type.Name}> " : $"zonecfg:{Draft.Name}> ";

    /// <exception cref="LumosException">What went wrong; nothing has changed.</exception>
    public void Run(ConfigCommand command)
    {
        switch (command.Verb)
        {
            case ConfigVerb.Help:
                output.Write(ConfigHelp.About(command.Word(0))
                    ?? throw new LumosException("UnknownSubject", $"Unknown help subject {command.Word(0)}"));
                break;
            case ConfigVerb.Info:
                Info(command);
                break;
            case ConfigVerb.Export:
                Export(command);
                break;
            case ConfigVerb.Exit:
                if (Draft.Scope is not null && !ConfigEditor.OnlyOption(command, 'F'))
                {
                    Confirm("Resource incomplete; really quit", "Resource incomplete, input not from terminal and -F not specified");
                }
                _draft = Draft with { Scope = null };
                IsOver = true;
                break;
            case ConfigVerb.Create or ConfigVerb.Delete or ConfigVerb.Revert or ConfigVerb.Commit or ConfigVerb.Verify:
                if (Draft.Scope is not null)
                {
                    throw new LumosException("WrongScope",
                        $"The {ConfigEditor.Name(command.Verb)} command only makes sense in the global scope; \"end\" or \"cancel\" leaves the resource.");
                }
                RunGlobal(command);
                break;
            default:
                _draft = _editor.Apply(Draft, command);
                foreach (string note in _draft.Notes)
                {
                    errors.WriteLine($"note: {note}");
                }
                break;
        }
    }

    /// <summary>The end of the input: what is not saved yet is saved.</summary>
    /// <exception cref="LumosException">It cannot be, or a resource is still open.</exception>
    public void Finish()
    {
        if (Draft.Scope is not null)
        {
            throw new LumosException("ResourceIncomplete", "Resource incomplete; nothing is saved.");
        }
        if (Draft is { IsDirty: true, Config: not null })
        {
            Commit();
        }
    }

    /// <summary>The user stays after all.</summary>
    public void Resume() => IsOver = false;

    private void RunGlobal(ConfigCommand command)
    {
        if (!command.Operands.IsEmpty || !command.Pairs.IsEmpty)
        {
            throw ConfigEditor.Usage(command);
        }
        switch (command.Verb)
        {
            case ConfigVerb.Create:
                Create(command);
                break;
            case ConfigVerb.Delete:
                Delete(force: ConfigEditor.OnlyOption(command, 'F'));
                break;
            case ConfigVerb.Revert:
                bool force = ConfigEditor.OnlyOption(command, 'F');
                if (!Draft.IsDirty)
                {
                    throw new LumosException("NothingToRevert", "No changes to revert.");
                }
                if (!force)
                {
                    Confirm("Are you sure you want to revert", "Input not from terminal and -F not specified: revert command ignored.");
                }
                _draft = Load(Draft.Saved?.Name ?? name);
                break;
            case ConfigVerb.Verify:
                Verify();
                break;
            default:
                Commit();
                break;
        }
    }

    private void Create(ConfigCommand command)
    {
        if (command.Options.Any(o => !"abFtX".Contains(o.Key)) || command.Options.Count(o => "abtX".Contains(o.Key)) > 1)
        {
            throw ConfigEditor.Usage(command);
        }
        var before = Draft;
        if (before.State is { } state)
        {
            if (state != ZoneState.Configured)
            {
                throw new LumosException("ZoneInstalled", $"Zone {before.Name} already installed; create not allowed.");
            }
            if (!command.Has('F'))
            {
                Confirm($"Zone {before.Name} already exists; create anyway", "Zone exists, input not from terminal and -F not specified: create command ignored.");
            }
        }
        var config = command.Has('X') ? _store.Load(before.Name) : ConfigTemplate.Make(_store, before.Name, command);
        // An overwritten zone keeps its number: what is on the disk belongs to its range of ids.
        _draft = before with
        {
            Config = config with { Name = before.Name, ZoneDid = command.Has('X') ? config.ZoneDid : before.Saved?.ZoneDid },
            IsDirty = true,
        };
    }

    private void Delete(bool force)
    {
        var draft = Draft;
        if (draft.State is { } state and not ZoneState.Configured)
        {
            throw new LumosException("ZoneInstalled",
                $"zone '{draft.Name}' is {state.Word}; delete not allowed: \"zoneadm -z {draft.Name} uninstall\" or \"vmadm delete\" comes first");
        }
        if (draft.State is null && draft.Config is null)
        {
            throw new LumosException("ZoneNotConfigured", $"{draft.Name}: No such zone configured");
        }
        if (!force)
        {
            Confirm($"Are you sure you want to delete zone {draft.Name}", "Input not from terminal and -F not specified: delete command ignored.");
        }
        if (draft.Saved is { } saved)
        {
            using var held = LockVm(draft.SavedUuid);
            if (_store.ReadIndex().Find(saved.Name)?.State is { } now and not ZoneState.Configured)
            {
                throw new LumosException("ZoneInstalled", $"zone '{saved.Name}' is {now.Word}; delete not allowed");
            }
            _store.Remove(saved.Name);
        }
        _draft = new ConfigDraft(draft.Name, null, null, null, null);
    }

    private void Verify()
    {
        var faults = ConfigCheck.Faults(ConfigEditor.Required(Draft));
        if (!faults.IsEmpty)
        {
            throw new LumosException("InvalidConfiguration", $"{Draft.Name}: {string.Join("; ", faults)}");
        }
    }

    private void Commit()
    {
        Verify();
        var draft = Draft;
        if (draft.IsDirty)
        {
            string uuid = draft.Uuid ?? draft.SavedUuid ?? Uuid.New().ToString();
            using var held = LockVm(draft.SavedUuid ?? uuid);
            var config = _store.Commit(draft.Config!, uuid, draft.Saved);
            _draft = new ConfigDraft(config.Name, config, config, uuid, draft.State ?? ZoneState.Configured);
        }
    }

    private void Info(ConfigCommand command)
    {
        if (Draft.Scope is { } scope)
        {
            ConfigText.InfoResource(scope.Type, scope.Draft, output);
            return;
        }
        var zone = ConfigEditor.Required(Draft);
        string? uuid = Draft.Uuid ?? Draft.SavedUuid;
        switch (command.Word(0))
        {
            case null:
                ConfigText.Info(zone, uuid, output);
                return;
            case "zonename":
                output.WriteLine($"zonename: {Draft.Name}");
                return;
            case "uuid":
                output.WriteLine($"uuid: {uuid}".TrimEnd());
                return;
            case { } word when GlobalProperties.Find(word) is { } property:
                ConfigText.InfoGlobal(property, zone, output);
                return;
            case { } word:
                var type = ConfigEditor.Type(word);
                var found = ConfigEditor.Matching(zone, type, command);
                if (found.Count == 0 && !command.Pairs.IsEmpty)
                {
                    output.WriteLine($"No such {type.Name} resource.");
                }
                foreach (var (_, each) in found)
                {
                    ConfigText.InfoResource(type, each, output);
                }
                return;
        }
    }

    private void Export(ConfigCommand command)
    {
        if (!command.Operands.IsEmpty || !command.Pairs.IsEmpty || command.Options.Any(o => o.Key != 'f'))
        {
            throw ConfigEditor.Usage(command);
        }
        var zone = ConfigEditor.Required(Draft);
        string? uuid = Draft.Uuid ?? Draft.SavedUuid;
        if (command.Option('f') is not { } file)
        {
            ConfigText.Export(zone, uuid, output);
            return;
        }
        var text = new StringWriter { NewLine = "\n" };
        ConfigText.Export(zone, uuid, text);
        AtomicFile.Write(Path.GetFullPath(file), text.ToString());
    }

    private ConfigDraft Load(ZoneName zone)
    {
        var entry = _store.ReadIndex().Find(zone);
        var config = entry is null ? null : _store.Load(zone);
        return new ConfigDraft(zone, config, config, entry?.Uuid is { Length: > 0 } uuid ? uuid : null, entry?.State);
    }

    private void Confirm(string question, string nobody)
    {
        switch (confirm(question))
        {
            case null:
                throw new LumosException("NotConfirmed", nobody);
            case false:
                throw new LumosException("NotConfirmed", "nothing is changed");
        }
    }

    private FileLock LockVm(string? uuid) => FileLock.Acquire(layout.VmLock(uuid ?? name.Text), onWait: errors.WriteLine);
}
