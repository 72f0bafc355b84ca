using System.Text.Json.Nodes;
using Lumos.Images.Server;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.SystemTests;

/// <summary>
/// What all live tests share: the built image, the accelerator, the image server, and the main machine, which is set up once
/// (4 disks, 2 GiB) and used by every test that does not need another. Folders stay under out/test/live with the serial
/// logs; the disks go at the end.
/// </summary>
public sealed class Suite : IDisposable
{
    private readonly Lazy<PlatformImage> _platform;
    private readonly Lazy<ImageServer> _server;
    private readonly Lazy<LiveMachine> _main;
    private readonly Lazy<Guid> _native, _lx;
    private readonly List<LiveMachine> _machines = [];

    public Suite()
    {
        Checkout = Checkout.Find();
        Directory.CreateDirectory(Checkout.LiveTests);
        Options = new BuildOptions
        {
            RepositoryRoot = Checkout.Root,
            OutDirectory = Checkout.Out,
            LogFile = Path.Combine(Checkout.LiveTests, "build.log"),
        };
        Accelerator = Accelerator.Choose(Path.Combine(Checkout.Out, "cache"));
        _platform = new(() => PlatformBuilder.Build(Options));
        _server = new(() => ImageServer.Start(Path.Combine(Checkout.Out, "images")));
        _main = new(StartMain);
        _native = new(() => CreateZone("lumos-base", Payloads.Native("native", "10.0.2.101")));
        _lx = new(() => CreateZone("debian-13", Payloads.Lx("debian")));
    }

    public Checkout Checkout { get; }

    public BuildOptions Options { get; }

    public Accelerator Accelerator { get; }

    public PlatformImage Platform => _platform.Value;

    /// <summary>The machine that most tests use; it has booted and is set up. Where that fails, it fails once.</summary>
    public LiveMachine Main => _main.Value;

    /// <summary>The image server's address in guests.</summary>
    public string ImageUrl => $"http://{QemuCommand.Gateway}:{_server.Value.EndPoint.Port}";

    /// <summary>A running native zone with a fixed address, on the main machine.</summary>
    public Guid NativeZone => _native.Value;

    /// <summary>A running lx zone with an address from DHCP, on the main machine.</summary>
    public Guid LxZone => _lx.Value;

    /// <summary>The shared zone of a brand.</summary>
    public Guid ZoneOf(string brand) => brand == "lx" ? LxZone : NativeZone;

    /// <summary>A limit, longer where there is no KVM.</summary>
    public TimeSpan Patient(int seconds) => TimeSpan.FromSeconds(seconds * Accelerator.Patience);

    /// <summary>The UUID of a zone image that the build made.</summary>
    public Guid ImageUuid(string name)
    {
        string folder = Path.Combine(Checkout.Out, "images");
        foreach (string file in Directory.EnumerateFiles(folder, "*.json"))
        {
            var manifest = JsonNode.Parse(File.ReadAllText(file))!;
            if ((string?)manifest["name"] == name)
            {
                return Guid.Parse((string)manifest["uuid"]!);
            }
        }
        throw new FileNotFoundException($"{folder} holds no image {name}; \"./lumos build images\" makes it");
    }

    /// <summary>Makes a new machine of this name; an older one of the same name goes.</summary>
    public LiveMachine NewMachine(string name, MachineSettings settings)
    {
        var machine = new LiveMachine(this, new MachineFolder(Path.Combine(Checkout.LiveTests, name)), settings);
        _machines.Add(machine);
        return machine;
    }

    public void Dispose()
    {
        foreach (var machine in _machines)
        {
            machine.Dispose();
        }
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }
    }

    private LiveMachine StartMain()
    {
        var machine = NewMachine("main", MachineSettings.Default());
        machine.BootDirectly(machine.Answers);
        machine.WaitUntilSetUp();
        return machine;
    }

    private Guid CreateZone(string image, JsonObject payload)
    {
        payload["image_uuid"] = ImageUuid(image).ToString();
        Main.Zone.UseImageSource(ImageUrl);
        Main.Zone.ImportImage(ImageUuid(image));
        var uuid = Main.Zone.Create(payload);
        Main.Zone.WaitForZone(uuid, Patient(60));
        return uuid;
    }
}
