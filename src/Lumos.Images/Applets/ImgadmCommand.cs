using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Drivers.Pools;
using Lumos.Images.Create;
using Lumos.Images.Import;
using Lumos.Images.Oci;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>
/// imgadm: finds the subcommand, runs it, and says what went wrong. Data and outcomes go to standard output as SmartOS has
/// it; progress, warnings and errors to standard error. Exit status: 0, 1 failure, 2 usage, 3 not installed.
/// </summary>
/// <param name="vms">What images are made of; null: those of the machine.</param>
public sealed class ImgadmCommand(AppletContext context, ImageStore store, IVms? vms = null)
{
    /// <summary>The version of SmartOS's imgadm whose interface this is.</summary>
    public const string InterfaceVersion = "3.9.4";

    internal string DefaultPool => SystemPoolName.Read(store.Paths.SystemPool);

    internal AppletContext Context => context;

    internal ImageStore Store => store;

    public int Run()
    {
        bool structured = false;
        try
        {
            var args = new ArgParser().Flag('h', "help").Flag("version").Flag('v', "verbose").Flag('E')
                .StopAtFirstOperand().Parse(context.Args);
            structured = args.Has('E');
            if (args.Has("version"))
            {
                context.Out.WriteLine($"imgadm {InterfaceVersion}");
                return ExitStatus.Success;
            }
            if (args.Has('h') || !args.TryOperand(0, out string? verb))
            {
                (args.Has('h') ? context.Out : context.Error).Write(ImgadmHelp.Overview);
                return args.Has('h') ? ExitStatus.Success : ExitStatus.Usage;
            }
            return Dispatch(verb, [.. args.Operands.Skip(1)]);
        }
        catch (LumosException e)
        {
            return Fail(e, structured);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not ReaderLeftException))
        {
            return Fail(new LumosException("FileSystem", LumosException.Describe(e)), structured);
        }
    }

    private int Dispatch(string verb, IReadOnlyList<string> words)
    {
        if (verb == "help" && words is [var topic, ..])
        {
            context.Out.Write(ImgadmHelp.Of(Canonical(topic)) ?? throw Unknown(topic));
            return ExitStatus.Success;
        }
        verb = Canonical(verb);
        if (words.TakeWhile(w => w != "--").Any(w => w is "-h" or "--help") && ImgadmHelp.Of(verb) is { } help)
        {
            context.Out.Write(help);
            return ExitStatus.Success;
        }
        return verb switch
        {
            "help" => Print(ImgadmHelp.Overview),
            "sources" => new SourcesVerb(this).Run(words),
            "list" => ListVerbs.List(this, words),
            "avail" => ListVerbs.Available(this, words),
            "ancestry" => ListVerbs.Ancestry(this, words),
            "show" => ShowVerbs.Show(this, words),
            "get" => ShowVerbs.Get(this, words),
            "import" => ImportVerbs.Import(this, words),
            "install" => InstallVerb.Run(this, words),
            "create" => CreateVerb.Run(this, vms ?? new VmadmVms(), words),
            "update" => UpdateVerb.Run(this, words),
            "publish" => PublishVerb.Run(this, words),
            "delete" => DeleteVerbs.Delete(this, words),
            "vacuum" => DeleteVerbs.Vacuum(this, words),
            _ => throw Unknown(verb),
        };
    }

    private static string Canonical(string verb) => verb switch
    {
        "available" => "avail",
        "info" => "get",
        "destroy" => "delete",
        "?" => "help",
        _ => verb,
    };

    private static UsageException Unknown(string verb) => new($"unknown subcommand \"{verb}\"; \"imgadm help\" lists them");

    private int Print(string text)
    {
        context.Out.Write(text);
        return ExitStatus.Success;
    }

    private int Fail(LumosException e, bool structured)
    {
        string message = LumosException.Describe(e);
        if (structured)
        {
            // One record in the form of SmartOS's logs (bunyan), which callers of "imgadm -E" read from the last line.
            context.Error.WriteLine(new JsonObject
            {
                ["name"] = "imgadm",
                ["hostname"] = Environment.MachineName,
                ["pid"] = Environment.ProcessId,
                ["level"] = 50,
                ["err"] = new JsonObject { ["code"] = e.Code, ["message"] = message, ["exitStatus"] = e.ExitStatus },
                ["msg"] = message,
                ["time"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture),
                ["v"] = 0,
            }.ToJsonString());
        }
        else
        {
            context.Error.WriteLine($"{context.Name}: {message}");
        }
        return e.ExitStatus;
    }

    // ---- what the subcommands share

    /// <summary>Takes away what imports that were killed have left; not of those that are under way.</summary>
    internal void RemoveLeftovers() => new Leftovers(store, Warn).RemovePartials();

    internal void Warn(string text) => context.Error.WriteLine($"{context.Name}: {text}");

    /// <summary>What was given is not a UUID but the name of an image of the OCI.</summary>
    internal static bool IsOciName(string text) => !Uuid.IsValid(text);

    /// <summary>A UUID, or the name in a registry of an image that is installed.</summary>
    /// <exception cref="LumosException">InvalidUuid; ImageNotInstalled.</exception>
    internal Uuid ParseImage(string text) =>
        !IsOciName(text) ? Uuid.Parse(text)
        : DockerNames.Find(store, text) is { } uuid ? uuid
        : text.AsSpan().ContainsAny(':', '/', '@') ? throw new LumosException("ImageNotInstalled", $"no image {text} is installed", ImageStore.NotInstalledStatus)
        : Uuid.Parse(text);

    /// <summary>The pool said, or the one that has the image (the system's first).</summary>
    internal InstalledImage Installed(Uuid uuid, string? pool) =>
        pool is null && store.TryGet(uuid, out var image, DefaultPool) ? image : store.Get(uuid, pool);

    internal FetchOptions FetchOptions(ImgadmConfig config, CancellationToken stop = default) => new()
    {
        Stop = stop,
        Insecure = context.Environment("IMGADM_INSECURE") is "1" or "true",
        UserAgent = $"imgadm/{InterfaceVersion}{(config.UserAgentExtra is { Length: > 0 } extra ? " " + extra : "")}",
    };

    /// <summary>The clients of the configured sources, or of the one given.</summary>
    internal ClientList Clients(string? sourceUrl = null, string? channel = null, CancellationToken stop = default)
    {
        var config = ImgadmConfig.Load(store.Paths);
        // Registries are asked for names only, which UUIDs are not.
        IReadOnlyList<ImageSource> sources = sourceUrl is null ? [.. config.Sources.Where(s => s.Type != ImageSource.Docker)] : [ImageSource.Parse(sourceUrl)];
        return new ClientList([.. sources.Select(s => new ImgapiClient(s, FetchOptions(config, stop), channel))]);
    }

    /// <summary>The place that has an image of the OCI.</summary>
    /// <param name="sourceUrl">The registry that is asked whatever the name says; null: the name's.</param>
    /// <param name="reference">What the image is called from now on; null: nothing.</param>
    internal IOciSource OpenOci(string text, string? sourceUrl, out OciReference? reference, CancellationToken stop = default)
    {
        var config = ImgadmConfig.Load(store.Paths);
        var name = OciImageName.Parse(text);
        IReadOnlyList<ImageSource> sources = config.Sources;
        if (sourceUrl is not null)
        {
            var source = ImageSource.Parse(sourceUrl, ImageSource.Docker);
            name = name is OciImageName.Remote(var remote) ? new OciImageName.Remote(OciSources.At(source, remote)) : throw new UsageException($"-S is of registries, and {text} is a file");
            sources = [.. sources.Where(s => s.Url == source.Url), source];
        }
        return OciSources.Open(name, sources, FetchOptions(config, stop), store.Paths, Warn, out reference);
    }

    /// <summary>Clients that are closed together.</summary>
    internal sealed class ClientList(IReadOnlyList<ImgapiClient> all) : IDisposable
    {
        public IReadOnlyList<ImgapiClient> All => all;

        public void Dispose()
        {
            foreach (var client in all)
            {
                client.Dispose();
            }
        }
    }

    /// <summary>Progress on standard error, outcomes on standard output, never both on one line.</summary>
    internal sealed class Reporter(ImgadmCommand command, bool quiet, CancellationToken stop = default) : IDisposable
    {
        private Progress? _progress;

        public ImportReport Report => new()
        {
            Stop = stop,
            Say = text =>
            {
                Dispose();
                command.Context.Out.WriteLine(text);
            },
            Warn = text =>
            {
                Dispose();
                command.Warn(text);
            },
            Stage = text =>
            {
                Dispose();
                if (!quiet)
                {
                    _progress = Progress.For(command.Context);
                    _progress.Stage(text);
                }
            },
            Bytes = (done, total) => _progress?.Bytes(done, total),
        };

        public void Dispose()
        {
            _progress?.Dispose();
            _progress = null;
        }
    }
}
