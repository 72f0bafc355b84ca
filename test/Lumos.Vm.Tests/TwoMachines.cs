using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Applets;

namespace Lumos.Vm.Tests;

/// <summary>Two machines that have the same images, and vmadm's streams between them.</summary>
internal sealed class TwoMachines : IDisposable
{
    public TwoMachines(bool keepsPartials = true)
    {
        A = new TestMachine { FilesTravel = true };
        B = new TestMachine(images: A) { FilesTravel = true };
        B.Datasets.KeepsPartials = keepsPartials;
    }

    public TestMachine A { get; }

    public TestMachine B { get; }

    /// <summary>A native VM on A with tags, metadata, a file in its root, a delegated dataset and a snapshot.</summary>
    public string Create(string more = "")
    {
        string uuid = A.Create($$""", "alias": "mover", "tags": {"role": "db"}, "customer_metadata": {"k": "v"}{{more}}""");
        var data = DatasetName.Parse($"zones/{uuid}/data");
        Write(uuid, "one");
        A.Datasets.Create(data, new Dictionary<string, string> { ["lumos:of"] = "tenant" });
        A.Datasets.SetContent(data, "rows"u8.ToArray());
        A.Datasets.Snapshot(SnapshotName.Parse($"zones/{uuid}@vmsnap-first"), recursive: true);
        return uuid;
    }

    public void Write(string uuid, string text) => File.WriteAllText(A.At($"zones/{uuid}/root/etc/note"), text);

    public string ReadAtB(string uuid) => File.ReadAllText(B.At($"zones/{uuid}/root/etc/note"));

    public (int Status, byte[] Output, string Error) Send(params string[] words)
    {
        using var output = new MemoryStream();
        var (status, _, error) = Run(A, null, output, ["send", .. words]);
        return (status, output.ToArray(), error);
    }

    /// <summary>Sends, and has to succeed.</summary>
    public byte[] Sent(params string[] words) => Send(words) is (0, var output, _) ? output : throw new InvalidOperationException(Send(words).Error);

    public (int Status, string Error) Receive(byte[] stream)
    {
        var (status, _, error) = Run(B, new MemoryStream(stream), null, ["receive"]);
        return (status, error);
    }

    public static (int Status, string Out, string Error) Run(TestMachine machine, Stream? input, Stream? output, string[] words)
    {
        var text = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        int status = new Vmadm(
            new AppletContext
            {
                Name = "vmadm",
                Args = words,
                Out = text,
                Error = error,
                OpenInput = () => input!,
                OpenOutput = () => output!,
                InputIsTerminal = () => input is null,
                OutputIsTerminal = () => output is null,
                ErrorIsTerminal = () => false,
                Environment = _ => null,
            },
            _ => machine.NewHost()).Run();
        return (status, text.ToString(), error.ToString());
    }

    /// <summary>Where frames of a stream begin, and its end.</summary>
    public static List<int> Frames(byte[] stream)
    {
        const int preamble = 12, head = 5, digest = 32;
        var at = new List<int>();
        for (int i = preamble; i < stream.Length; i += head + (int)BinaryPrimitives.ReadUInt32LittleEndian(stream.AsSpan(i + 1)) + digest)
        {
            at.Add(i);
        }
        at.Add(stream.Length);
        return at;
    }

    /// <summary>A VM as it is shown, without what differs from machine to machine and from minute to minute.</summary>
    public static JsonObject Shown(TestMachine machine, string uuid)
    {
        var vm = machine.Get(uuid);
        foreach (string own in (string[])["zonepath", "zonedid", "zoneid", "boot_timestamp", "pid", "state", "zone_state", "autoboot", "last_modified", "snapshots"])
        {
            vm.Remove(own);
        }
        return vm;
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
